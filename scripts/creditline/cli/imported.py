"""What `creditline import` says about an extract's times, in addition to what it landed."""

from __future__ import annotations

from collections.abc import Iterator

from creditline.mapping.local_times import LocalTimes


def times_text(times: LocalTimes) -> Iterator[str]:
    """How times without a zone were read, one line each; empty if every time had a zone."""
    if not times.columns:
        return
    said_by = "as the map states" if times.is_stated else "the home's own; `time_zone` in map.yml states another"
    yield f"times without a zone ({', '.join(times.columns)}) are local times of {times.zone}, {said_by}"
    if times.twice:
        yield f"  {times.twice} of them came twice, as the clocks were set back: the first of both instants was taken"
    if times.never:
        yield f"  {times.never} of them never came, as the clocks were set forward: the gate will quarantine these rows"
