"""Services that share a probe: what is hidden or garbled of one costs the others nothing."""

from hipscan.model.fact import FactStatus, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member, bundle

FIELDS = {"name": Field(FieldType.TEXT, "a name"), "value": Field(FieldType.TEXT, "a value")}


def member(name: str, *, whole: bool = False) -> Member:
    """Return a service whose files hold one value each."""

    def parse(read: Listing) -> Facts:
        if not read.files:
            raise ValueError("no file")
        return {name: ok(*({"name": p, "value": lines[0]} for p, lines in read.files.items()))}

    spec = FactSpec(name, "A service.", ("name",), FIELDS)
    kept = frozenset({name} if whole else ())
    return Member(name, f"{name} server", (f"/etc/{name}",), (spec,), "files", parse, kept)


PROBE = bundle("both", (member("one", whole=True), member("two")))


def test_what_is_not_there_is_absent_and_the_rest_is_read() -> None:
    facts = PROBE.parse("+one gone\n!absent /etc/one\n+two there\nF/etc/two\n:x\n", 0)
    assert facts["one"].status is FactStatus.ABSENT
    assert facts["two"].records == ({"name": "/etc/two", "value": "x"},)


def test_what_is_behind_a_closed_folder_is_not_absent() -> None:
    facts = PROBE.parse("+one gone\n!denied /etc/one\n+two gone\n", 0)
    assert facts["one"].status is FactStatus.DENIED
    assert facts["two"].status is FactStatus.ABSENT


def test_a_hidden_file_makes_all_unknown_that_it_might_decide() -> None:
    hidden = "F/etc/x\n:x\n!denied /etc/y\n"
    facts = PROBE.parse(f"+one there\n{hidden}+two there\n{hidden}", 0)
    assert facts["one"].records == ({"name": "/etc/x", "value": None},)
    assert facts["two"].records == ({"name": "/etc/x", "value": "x"},)
    assert {fact.status for fact in facts.values()} == {FactStatus.PARTIAL}


def test_one_garbled_answer_leaves_the_other() -> None:
    facts = PROBE.parse("+one there\n:\n+two there\nF/etc/x\n:x\n", 0)
    assert facts["one"].status is FactStatus.GARBLED
    assert facts["two"].status is FactStatus.OK


def test_contents_cannot_look_like_the_next_service() -> None:
    facts = PROBE.parse("+one there\nF/etc/x\n:+two gone\n+two there\nF/etc/y\n:y\n", 0)
    assert facts["one"].records == ({"name": "/etc/x", "value": "+two gone"},)
    assert facts["two"].status is FactStatus.OK
