"""What can be wrong with a seal platform, and is with this one on demand."""

import enum


class Fault(enum.StrEnum):
    """A way to fail; the platform is well without one."""

    NONE = "none"
    SLOW = "slow"  # a task first, sealed when it is asked for later
    TWICE = "twice"  # every answer is sealed anew, so that no two are the same
    TIMEOUT = "timeout"  # sealed, and then no answer
    BROKEN = "broken"  # sealed, and then half an answer
    LOST = "lost"  # no answer, and nothing sealed
    OTHER = "other"  # another document, rightly sealed
    UNSEALED = "unsealed"  # the document as it was sent
    ERROR = "error"  # sealed, and then HTTP 500
    GARBAGE = "garbage"  # sealed, and then something that is no JSON
    REFUSING = "refusing"  # it says no
    REDIRECT = "redirect"  # it points elsewhere
    HUGE = "huge"  # an answer without an end
