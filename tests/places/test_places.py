"""A facility's settings: who may keep them, what is refused, and what other rooms read from them."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories as make
from acting import acting
from throughgate.access.actor import Actor
from throughgate.access.roles import RoleName
from throughgate.base.errors import Forbidden, Refused
from throughgate.places import actions, queries, rules
from throughgate.places.models import (
    Agency,
    ClosedDay,
    CountTime,
    Facility,
    MovementWindow,
    RegimePeriod,
    Room,
    Unit,
)
from throughgate.places.rules import Window

AM = {"part": "am", "opens": dt.time(8), "closes": dt.time(9), "weekdays": [0, 1, 2, 3, 4]}
TIMES = st.times()


def codes(error: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


@given(st.lists(st.sampled_from(["am", "pm", "ed"]), max_size=3), TIMES, st.integers(0, 6))
def test_every_time_of_every_day_has_one_part(parts: list[str], time: dt.time, weekday: int) -> None:
    windows = [
        Window(part, dt.time(8 + 4 * n), dt.time(9 + 4 * n), (0, 1, 2)) for n, part in enumerate(parts)
    ]
    part = rules.day_part(windows, weekday, time)
    assert part in {"am", "pm", "ed"}
    if windows and weekday in (0, 1, 2):
        assert part in parts


@pytest.mark.django_db
def test_the_coordinator_keeps_units_rooms_counts_windows_and_closed_days() -> None:
    here = make.facility(timezone="America/Los_Angeles")
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        unit = actions.save_unit(by=by, facility=here, name=" A ", beds=60)
        actions.save_unit(by=by, facility=here, unit=unit, name="A1", beds=62)
        assert (Unit.objects.get().name, Unit.objects.get().beds) == ("A1", 62)
        room = actions.save_room(by=by, facility=here, name="Chapel", capacity=20)
        actions.save_count_time(by=by, facility=here, starts=dt.time(16), minutes=30, weekdays=[4, 0])
        assert CountTime.objects.get().weekdays == [0, 4]
        actions.save_movement_window(by=by, facility=here, **AM)  # type: ignore[arg-type]
        day = dt.date(2030, 7, 5)
        actions.save_closed_day(by=by, facility=here, day=day, name="Staff training")
        actions.save_closed_day(by=by, facility=here, day=day, name="Maintenance")
        assert str(queries.closed_days(here, day, day)[day]) == "Maintenance"
        monday = dt.date(2030, 7, 1)
        ((begins, ends),) = queries.counts_on(here, monday)
        assert (begins.isoformat(), ends - begins) == ("2030-07-01T16:00:00-07:00", dt.timedelta(minutes=30))
        assert queries.counts_on(here, monday + dt.timedelta(days=1)) == []
        page = queries.settings_page(by, here.code)
        assert page is not None and [len(each) for each in (page.units, page.rooms, page.counts)] == [1, 1, 1]
        assert actions.remove_room(by=by, room=room) is None
        actions.remove_unit(by=by, unit=unit)
        actions.remove_count_time(by=by, count_time=CountTime.objects.get())
        actions.remove_movement_window(by=by, window=MovementWindow.objects.get())
        actions.remove_closed_day(by=by, closed_day=ClosedDay.objects.get())
        assert not Unit.objects.exists() and not Room.objects.exists()


@pytest.mark.django_db
def test_what_cannot_be_is_refused_in_words_at_its_field() -> None:
    here = make.facility()
    make.unit(here, name="A")
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        with pytest.raises(Refused) as twice:
            actions.save_unit(by=by, facility=here, name="A")
        assert codes(twice) == {"unit_name_once_per_facility"}
        with pytest.raises(Refused) as room:
            actions.save_room(by=by, facility=here, name="", capacity=-1)
        assert {reason.field for reason in room.value.reasons} == {"name", "capacity"}
        with pytest.raises(Refused) as count:
            actions.save_count_time(by=by, facility=here, starts=dt.time(4), minutes=0, weekdays=[])
        assert codes(count) == {"weekdays.required", "minutes.out_of_range"}
        actions.save_movement_window(by=by, facility=here, **AM)  # type: ignore[arg-type]
        with pytest.raises(Refused) as window:
            actions.save_movement_window(
                by=by,
                facility=here,
                **{**AM, "part": "pm", "opens": dt.time(8, 30)},  # type: ignore[arg-type]
            )
        assert codes(window) == {"opens.overlaps"}
        with pytest.raises(Refused) as backwards:
            actions.save_movement_window(
                by=by,
                facility=here,
                **{**AM, "part": "ed", "opens": dt.time(20), "closes": dt.time(19)},  # type: ignore[arg-type]
            )
        assert codes(backwards) == {"movement_window_closes_after_opening"}
        with pytest.raises(Refused) as zone:
            actions.save_facility(by=by, facility=here, timezone="Harbor/City", jurisdiction="harbor!")
        assert codes(zone) == {"timezone.unknown", "jurisdiction.malformed"}
    here.refresh_from_db()
    assert here.timezone == "America/New_York"


@pytest.mark.django_db
def test_other_facilities_and_other_roles_are_left_alone() -> None:
    here, there = make.facility(), make.facility()
    theirs = make.unit(there)
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        for act in (
            lambda: actions.save_unit(by=by, facility=there, name="X"),
            lambda: actions.save_unit(by=by, facility=here, unit=theirs, name="X"),
            lambda: actions.remove_unit(by=by, unit=theirs),
            lambda: actions.save_facility(by=by, facility=there, city="X"),
            lambda: actions.save_facility(by=by, name="New"),
            lambda: actions.save_agency(by=by, name="Mine"),
        ):
            with pytest.raises(Forbidden):
                act()
        assert queries.settings_page(by, there.code) is None
        assert queries.facilities_for(by) == [here]
    with acting(make.member(RoleName.CASE_MANAGER, facility=here)) as by, pytest.raises(Forbidden):
        actions.save_room(by=by, facility=here, name="X", capacity=3)


@pytest.mark.django_db
def test_a_unit_where_people_live_and_a_room_that_sessions_name_stay() -> None:
    here = make.facility()
    unit, room = make.unit(here), make.room(here)
    make.participant(here, unit=unit)
    make.session(make.cohort(here, room=room))
    with acting(make.member(RoleName.COORDINATOR, facility=here)) as by:
        with pytest.raises(Refused) as no:
            actions.remove_unit(by=by, unit=unit)
        assert codes(no) == {"unit_is_lived_in"}
        kept = actions.remove_room(by=by, room=room)
        assert kept is not None and not Room.objects.get().active


@pytest.mark.django_db
def test_an_agency_administrator_adds_a_facility_and_chooses_words() -> None:
    with acting(make.member(RoleName.ADMINISTRATOR, agency_wide=True)) as by:
        made = actions.save_facility(
            by=by,
            name="North Camp",
            short_name="North",
            kind="prison",
            jurisdiction="US-HB",
            timezone="America/Chicago",
            external_code="",
        )
        assert Facility.objects.get(pk=made.pk).external_code is None
        actions.save_agency(
            by=by,
            name="Harbor",
            jurisdiction="US-HB",
            timezone="America/Chicago",
            labels={"participant": "resident", "unit": " "},
        )
        assert Agency.objects.get().labels == {"participant": "resident"}
        assert str(queries.labels()["participant"]) == "resident"
        assert str(queries.labels()["unit"]) == "unit"
        with pytest.raises(Refused) as no:
            actions.save_agency(by=by, labels={"warden": "boss"})
        assert codes(no) == {"labels.unknown"}


@pytest.mark.django_db
def test_day_parts_and_regimes_are_read_on_the_local_clock() -> None:
    here = make.facility(timezone="America/Los_Angeles")
    by = Actor.system("test")
    actions.save_movement_window(by=by, facility=here, **AM)  # type: ignore[arg-type]
    actions.save_movement_window(
        by=by, facility=here, part="pm", opens=dt.time(12, 30), closes=dt.time(13), weekdays=[0]
    )
    monday = dt.date(2030, 7, 1)
    part_of = queries.day_parts(here)
    told = [part_of(here.at(monday, dt.time(hour))) for hour in (7, 10, 13, 20)]
    assert told == ["am", "am", "pm", "pm"]
    assert queries.day_part(here, here.at(monday + dt.timedelta(days=5), dt.time(18))) == "ed"
    start, end = here.at(monday, dt.time(13)), here.at(monday, dt.time(17))
    regime = RegimePeriod.objects.create(
        event=uuid.uuid4(),
        facility=here,
        kind="lockdown",
        cause="lockdown",
        public_reason="Closed",
        during=(start, end),
        declared_by="x",
        first_until=end,
    )
    hour = dt.timedelta(hours=1)
    assert queries.regimes_on(here, start - hour, start + hour) == [regime]
    assert queries.regimes_on(here, end, end + hour) == []
    regime.lifted_at, regime.lifted_by = start + hour, "x"
    regime.save()
    assert queries.regimes_on(here, start + 2 * hour, end) == []
