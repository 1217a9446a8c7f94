"""dbt's events where nobody listens: a build fires some 2,000, and dbt writes each out as a message before it asks for a log."""

from __future__ import annotations

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager


class LoggedEvents(EventManager):
    """Passes on events where there is a log, and warnings, which dbt may turn into errors. dbt's one callback is for its anonymous
    statistics, which are off."""

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: object = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        is_warning = force_warn_or_error_handling or (level or e.level_tag()) is EventLevel.WARN
        if self.loggers or is_warning:
            super().fire_event(e, level, node, force_warn_or_error_handling)


def drop_unlogged_events() -> None:
    """Have dbt drop events that no log takes, in this process."""
    if not isinstance(get_event_manager(), LoggedEvents):
        ctx_set_event_manager(LoggedEvents())
