"""How many findings an inspection reports."""

from collections import Counter
from typing import Any

from google.api_core.exceptions import InvalidArgument


class Limits:
    """FindingLimits (as protobuf), and what was reported within them.

    Raises:
        InvalidArgument: a limit is negative.
    """

    def __init__(self, config: Any) -> None:
        self._by_type = {
            each.info_type.name: each.max_findings for each in config.max_findings_per_info_type
        }
        self._of_all, self._of_item = config.max_findings_per_request, config.max_findings_per_item
        least = min(self._of_all, self._of_item, *self._by_type.values())
        if least < 0:
            raise InvalidArgument(f"limits has {least}; give 0, for no limit, or more.")
        self._items = Counter[str]()
        self.counts = Counter[str]()  # by infoType
        self.are_exceeded = False

    def take(self, info_type: str, item: str = "") -> bool:
        """Whether another finding can be reported; it counts then.

        Args:
            info_type: what was found.
            item: the table or the object that it was found in.
        """
        of_type = self._by_type.get(info_type, self._by_type.get("", 0))
        fits = (
            _is_below(self.counts.total(), self._of_all)
            and _is_below(self.counts[info_type], of_type)
            and _is_below(self._items[item], self._of_item)
        )
        if fits:
            self.counts[info_type] += 1
            self._items[item] += 1
        self.are_exceeded |= not fits
        return fits


def _is_below(count: int, limit: int) -> bool:
    return not limit or count < limit
