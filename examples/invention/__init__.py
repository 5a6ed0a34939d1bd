"""Applications of persons and organizations that do not exist, with a seed.

Everything says so: 示例 in names and addresses, the division 9901 that GB/T 2260 does
not have. Codes have right check characters. ``examples/applications.py`` writes them.
"""

from invention.office import applications, write
from invention.people import RARE

__all__ = ["RARE", "applications", "write"]
