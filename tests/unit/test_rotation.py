"""轮流派工: everybody in turn, those who cannot are passed over."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.rotation import RingMember, Skip, SkipReason, Turn, choose


def member(id: str, *skills: str, out: bool = False, absent: bool = False) -> RingMember:
    return RingMember(id=id, name=f"{id}师傅", skills=skills, out=out, absent=absent)


RING = [member("A", "door"), member("B", "window"), member("C", "door", "window")]


def chosen(turn: Turn) -> str | None:
    return turn.technician.id if turn.technician else None


def skips(turn: Turn) -> list[tuple[str, str]]:
    return [(one.technician, one.reason.value) for one in turn.skipped]


def test_each_in_turn_and_round_again() -> None:
    assert chosen(choose(RING, None, None)) == "A"
    assert chosen(choose(RING, "A", None)) == "B"
    assert chosen(choose(RING, "C", None)) == "A"
    assert chosen(choose(RING, "left long ago", None)) == "A"


def test_whoever_cannot_is_passed_over_and_the_reason_told() -> None:
    ring = [
        member("A", "door", out=True),
        member("B", "window"),
        member("C", "door", absent=True),
        member("D", "door"),
        member("E", "door"),
    ]
    turn = choose(ring, None, "door", {"D"})
    assert chosen(turn) == "E"
    assert skips(turn) == [("A", "out"), ("B", "skill"), ("C", "absent"), ("D", "declined")]
    assert turn.last == "E"


def test_nobody_can() -> None:
    turn = choose(RING, "B", "server")
    assert turn == Turn(
        last="B",
        skipped=tuple(Skip(technician=one, reason=SkipReason.SKILL) for one in "CAB"),
    )
    assert choose([], None, None) == Turn()


def test_the_only_one_goes_every_time() -> None:
    assert chosen(choose([RING[0]], "A", "door")) == "A"


def test_a_skipped_turn_is_lost() -> None:
    first = choose(RING, "A", "door")
    assert (chosen(first), skips(first), first.owed) == ("C", [("B", "skill")], ())
    assert chosen(choose(RING, first.last, None)) == "A"


def test_a_skipped_turn_is_owed_where_the_policy_keeps_it() -> None:
    first = choose(RING, "A", "door", keep_turn_on_skip=True)
    assert (chosen(first), first.last, first.owed) == ("C", "C", ("B",))
    second = choose(RING, first.last, None, keep_turn_on_skip=True, owed=first.owed)
    assert (chosen(second), second.last, second.owed) == ("B", "C", ())
    third = choose(RING, second.last, None, keep_turn_on_skip=True, owed=second.owed)
    assert chosen(third) == "A"


def test_what_is_owed_stays_owed_until_it_fits() -> None:
    turn = choose(RING, "C", "door", keep_turn_on_skip=True, owed=("B",))
    assert (chosen(turn), turn.owed) == ("A", ("B",))
    assert skips(turn) == [("B", "skill")]
    nobody = choose(RING, "C", "server", keep_turn_on_skip=True, owed=("B",))
    assert (chosen(nobody), nobody.last, nobody.owed) == (None, "C", ("B",))


def test_a_declined_turn_was_had() -> None:
    turn = choose(RING, "A", None, {"B"}, keep_turn_on_skip=True)
    assert (chosen(turn), turn.owed) == ("C", ())


ids = st.lists(st.sampled_from("ABCDEFGH"), min_size=1, unique=True)
keeping = st.booleans()


@given(ids=ids, turns=st.integers(1, 60), keep=keeping)
def test_with_nobody_skipped_the_counts_differ_by_one_at_most(
    ids: list[str], turns: int, keep: bool
) -> None:
    ring = [member(one) for one in ids]
    last: str | None = None
    owed: tuple[str, ...] = ()
    order: list[str] = []
    for _ in range(turns):
        turn = choose(ring, last, None, keep_turn_on_skip=keep, owed=owed)
        assert turn.technician is not None
        assert turn.skipped == ()
        order.append(turn.technician.id)
        last, owed = turn.last, turn.owed
    counts = Counter(dict.fromkeys(ids, 0))
    counts.update(order)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert all(
        ids.index(after) == (ids.index(before) + 1) % len(ids) for before, after in pairwise(order)
    )


members = st.builds(
    member,
    st.sampled_from("ABCDEF"),
    st.sampled_from(["door", "window"]),
    out=st.booleans(),
    absent=st.booleans(),
)
rings = st.lists(members, max_size=6, unique_by=lambda one: one.id)


@given(
    ring=rings,
    last=st.none() | st.sampled_from("ABCDEF"),
    skill=st.none() | st.just("door"),
    exclude=st.sets(st.sampled_from("ABCDEF"), max_size=3),
    keep=keeping,
    owed=st.lists(st.sampled_from("ABCDEF"), unique=True, max_size=3),
)
def test_the_one_who_goes_can_and_everybody_before_could_not(
    ring: list[RingMember],
    last: str | None,
    skill: str | None,
    exclude: set[str],
    keep: bool,
    owed: list[str],
) -> None:
    turn = choose(ring, last, skill, exclude, keep_turn_on_skip=keep, owed=owed)
    fit = {
        one.id
        for one in ring
        if not (one.out or one.absent or one.id in exclude)
        and (skill is None or skill in one.skills)
    }
    passed = [one.technician for one in turn.skipped]
    assert (turn.technician is None) == (not fit)
    assert len(set(passed)) == len(passed)
    assert not fit & set(passed)
    if turn.technician is not None:
        assert turn.technician.id in fit
        assert turn.technician.id not in turn.owed
    else:
        assert set(passed) == {one.id for one in ring}
    if not keep:
        assert turn.owed == ()
