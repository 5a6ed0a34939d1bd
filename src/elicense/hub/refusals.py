"""What a hub says where it can not do what was asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from elicense import grants
from elicense.hub import memory
from elicense.hub.keys import HubError
from elicense.model import Text
from elicense.trust.hub_model import Merged

BUSY = Text(
    "另一个命令正在使用这个汇聚节点，本次什么也没有做",
    "another command is working on this hub; nothing was done",
)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A file that was given to a merge and belongs to no department of the table.

    Attributes:
        file: its path, as it was given.
        reason: why nothing was done with it.
    """

    file: str
    reason: Text


def too_much(size: int) -> HubError:
    """Return the error of a memory that would be too large."""
    most = memory.MAX_BYTES
    return HubError(
        Text(
            f"要记住的内容有 {size} 字节，超过 {most}，未发布；请在 {grants.FILE_NAME}"
            " 中删去不再合并的机构",
            f"what is to be remembered has {size} bytes, more than {most}: nothing was"
            f" published; take departments that are no longer merged out of"
            f" {grants.FILE_NAME}",
        )
    )


def not_granted(root: str) -> Text:
    """Return why a file is of no department: its root is not in the table."""
    return Text(
        f"{grants.FILE_NAME} 中没有信任根 {root}，可用 elicense trust grant 准予",
        f"{grants.FILE_NAME} does not grant the root {root};"
        " grant it with: elicense trust grant",
    )


def nothing_to_merge(merged: Merged, unmatched: Iterable[Unmatched]) -> HubError:
    """Return the error of a merge that has nothing to publish, with every reason."""
    reasons = [(item.organization, item.refused) for item in merged.reports]
    reasons += [(item.file, item.reason) for item in unmatched]
    told = [(name, text) for name, text in reasons if text is not None]
    zh = "".join(f"；{name}：{text.zh}" for name, text in told)
    en = "".join(f"; {name}: {text.en}" for name, text in told)
    return HubError(
        Text(
            f"没有任何机构的信任包可以合并，未发布{zh}",
            f"no department's bundle can be merged, so nothing was published{en}",
        )
    )
