"""Names of organizations, addresses, remarks and scopes of business."""

from collections.abc import Iterator

from invention import codes
from invention.desk import Desk
from invention.people import RARE

_BRANDS = (
    *("青禾", "云栖", "桑麻", "望江", "鹿鸣", "松涛", "星河", "汀兰", "南山", "听雨"),
    *("Plan-B", "H2O", "禾+", "3D智造", "一二三", "CITY·LIFE"),
)
_TRADES = (
    *("科技", "物流", "商贸", "文化传媒", "建筑工程", "信息技术", "农业发展"),
    "餐饮管理",
    *("酒店管理", "新能源汽车", "生物医药", "供应链管理", "人力资源服务", "装饰设计"),
)
_PADDING = (
    *("国际", "现代", "综合", "创新", "发展", "投资", "咨询", "服务", "示范", "集成"),
    *("绿色低碳", "文化旅游", "数字化", "一体化", "（集团）", "研究与试验"),
)
_LENGTHS = (*(0,) * 9, 30, 40, 50, 60, 70, 80)
_ADDRESS_LENGTHS = (*(0,) * 8, 50, 80, 110, 150)
_STREETS = (
    "示例路",
    "示例大道",
    "云栖北街",
    "桑麻巷",
    "示例一路",
    "听雨胡同",
    "鹿鸣环路",
)
_DETAILS = (
    *("示例商业广场", "A座", "东侧裙楼", "（自主申报）", "与示例二路交叉口西北角"),
    *("地下一层B1-023号铺", "创新创业孵化园", "原示例机械厂院内", "南门", "3号楼2单元"),
    *("（示例地铁7号线桑麻站D出口向东约200米）", "第18、19号商铺", "临街", "夹层"),
    *("示例市青禾综合保税区A-07地块标准厂房二期", "原示例粮库旧址"),
    "示例村民委员会北侧",
)
_GOODS = (
    *("日用百货", "办公用品", "计算机软硬件及辅助设备", "五金产品", "建筑材料"),
    "电子产品",
    *("机械设备", "仪器仪表", "化工产品（不含许可类化工产品）", "针纺织品", "服装服饰"),
    *("家用电器", "汽车零配件", "食用农产品", "金属材料", "橡胶制品", "塑料制品"),
    "玩具",
    *("工艺美术品及礼仪用品（象牙及其制品除外）", "体育用品及器材", "通讯设备", "家具"),
    *("文具用品", "制冷、空调设备", "环境保护专用设备", "光伏设备及元器件"),
    "园林绿化植物",
)
_DEALS = ("销售", "零售", "批发", "制造", "研发", "租赁", "修理", "进出口")
_SERVICES = (
    *("软件开发", "信息技术咨询服务", "信息系统集成服务", "会议及展览服务"),
    "企业管理咨询",
    *("广告设计、代理", "物业管理", "数据处理和存储支持服务", "组织文化艺术交流活动"),
    *("市场营销策划", "普通货物仓储服务（不含危险化学品等需许可审批的项目）"),
    "城市绿化管理",
    *("技术服务、技术开发、技术咨询、技术交流、技术转让、技术推广", "停车场服务"),
)
_LICENSED = (
    *("食品经营（销售散装食品）", "出版物零售", "建设工程施工"),
    "道路货物运输（不含危险货物）",
    *("餐饮服务", "住宿服务", "第二类增值电信业务", "药品零售", "烟草制品零售"),
    "旅游业务",
)
_AFTER_LICENSED = "（依法须经批准的项目，经相关部门批准后方可开展经营活动）"
_AFTER_GENERAL = "（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）"
_SCOPE_LENGTHS = (*(0,) * 4, *(120,) * 4, *(300,) * 4, 600, 900, 1500, 3000)
_REMARKS = (
    "资质延续，编号不变。",
    "本证由示例系统补发，原件同时作废。",
    "No. 2026/7-B（附件一份）",
    (
        "持证单位应当在经营场所显著位置公示本证，并接受监督检查；有关事项发生变化的，应当在"
        "三十日内向发证机关申请变更。本备注为示例，用于检验较长文字在版面上的排列。"
    ),
    (
        "一、本证所列事项以示例系统记载为准。二、经营场所涉及消防、环境保护、规划、建设、房屋安全等"
        "事项的，应当另行取得有关部门的许可后方可经营。三、利用自动设备经营的，设备的名称和地址另附。"
        "四、委托示例市青禾食品配送有限公司（联系电话0990-1234567）统一配送。五、本备注共约二百个字，"
        "均为示例，不对应任何真实的单位、个人和地址，用于检验版面上最长的备注怎样排列，以及换行之后字号的变化。"
    ),
)


def _place(desk: Desk) -> str:
    return f"示例市{codes.DISTRICTS[desk.division]}"


def organization(
    desk: Desk, end: str = "有限公司", limit: int = 80, trade: str = ""
) -> str:
    """Return a name: usual ones, and up to so many characters.

    Args:
        desk: whose chance decides.
        end: of the name.
        limit: characters at most.
        trade: what it does; any where left out.
    """
    chance = desk.chance
    brand = chance.deal(_BRANDS)
    if chance.often(8):
        brand = f"{chance.deal(RARE + desk.rare)}{chance.one('记丰泰')}"
    name = f"{chance.one((_place(desk), '示例市', '示例省示例'))}{brand}"
    end = f"{trade or chance.deal(_TRADES)}{end}"
    length = min(chance.deal(_LENGTHS), limit)
    while len(name) + len(padding := chance.one(_PADDING)) + len(end) <= length:
        name += padding
    name += end
    return name if len(name) <= limit else f"示例{brand}{end}"


def shop(desk: Desk) -> str:
    """Return the name of an individual business, at times a very long one."""
    end = desk.chance.deal(
        ("小吃店", "面馆", "便利店", "美容美发店", "修理部", "(个体)")
    )
    return organization(desk, end)


def address(desk: Desk, limit: int = 150) -> str:
    """Return an address: usual ones, and up to so many characters."""
    chance = desk.chance
    text = f"示例省{_place(desk)}{chance.deal(_STREETS)}{chance.between(1, 2999)}号"
    length = min(chance.deal(_ADDRESS_LENGTHS), limit)
    inside = f"{chance.between(1, 32)}层{chance.between(101, 3208)}室"
    end = inside if chance.often(50) else ""
    details = chance.some(_DETAILS, len(_DETAILS))
    while len(text) < length and details:
        detail = details.pop(chance.between(0, len(details) - 1))
        text += detail if len(text) + len(detail) + len(end) <= limit else ""
    return text + end


def remark(desk: Desk) -> str:
    """Return a remark of at most 200 characters."""
    return desk.chance.deal(_REMARKS)


def scope(desk: Desk) -> str:
    """Return a scope of business: from one line to 3000 characters."""
    chance = desk.chance
    length = chance.deal(_SCOPE_LENGTHS)
    if not length:
        return f"{chance.one(_SERVICES)}；{chance.one(_GOODS)}{chance.one(_DEALS)}。"
    text = ""
    if chance.often(60):
        text = f"许可项目：{'；'.join(chance.some(_LICENSED, chance.between(1, 5)))}。"
        text += _AFTER_LICENSED
    room = length - len(text) - len(_AFTER_GENERAL) - len("一般项目：。")
    return f"{text}一般项目：{_listed(_general(desk), room)}。{_AFTER_GENERAL}"


def _general(desk: Desk) -> Iterator[str]:
    """Yield what needs no license, without end."""
    while True:
        yield desk.chance.deal(_SERVICES)
        for _ in range(6):
            yield desk.chance.deal(_GOODS) + desk.chance.one(_DEALS)


def _listed(items: Iterator[str], room: int) -> str:
    """Return items in a row that have at most so many characters; at least one."""
    text = next(items)
    for item in items:
        if len(text) + len(item) + 1 > room:
            return text
        text += f"；{item}"
    return text
