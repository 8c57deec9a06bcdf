"""Who is taken first of those that are due at once."""

from dataclasses import replace

from engine_stage import MONDAY, a_campaign, a_contact

from strategies.contacts import Contact
from strategies.precedence import in_turn, ordered
from strategies.state import ContactState, RecoveryTask
from strategies.vocabulary import Trigger

BY_BALANCE = a_campaign(order=("-contact.balance", "contact.age"))


def owing(name: str, **attributes: str) -> Contact:
    return replace(a_contact(), id=name, attributes=attributes)


def lost(contact: Contact, at: float) -> tuple[Contact, ContactState]:
    task = RecoveryTask("rescue", Trigger.NO_INPUT, "sp-1", contact.devices[0], at, at + 900)
    return contact, ContactState(recovery=task)


def names(due: list[tuple[Contact, ContactState]]) -> list[str]:
    return [contact.id for contact, _ in due]


def test_recoveries_go_first_by_value_then_age_and_the_list_keeps_its_order() -> None:
    due = [
        (owing("list", balance="9999"), ContactState()),
        lost(owing("old", balance="50"), MONDAY),
        lost(owing("rich", balance="700.50"), MONDAY + 60),
        lost(owing("young", balance="50"), MONDAY + 30),
        lost(owing("unknown"), MONDAY - 60),
        (owing("next", balance="1"), ContactState()),
    ]
    assert names(in_turn(due, BY_BALANCE)) == ["rich", "old", "young", "unknown", "list", "next"]


def test_where_the_campaign_puts_no_highest_first_the_older_loss_goes_first() -> None:
    due = [lost(owing("young", balance="700"), MONDAY + 60), lost(owing("old", balance="5"), MONDAY)]
    assert names(in_turn(due, a_campaign())) == ["old", "young"]
    assert names(in_turn(due, a_campaign(order=("contact.balance",)))) == ["old", "young"]


def test_a_list_is_ordered_by_its_own_columns_as_by_attributes() -> None:
    people = [
        Contact(name, (), zone=zone, postal_code=code, segment=segment)
        for name, zone, code, segment in (
            ("c", "America/Denver", "10003", "silver"),
            ("a", "America/Boise", "10001", "bronze"),
            ("b", "America/Chicago", "10002", "gold"),
        )
    ]
    orders = {
        key: "".join(ordered(a_campaign(order=(key,)), people))
        for key in (
            "contact.contact_id",
            "-contact.contact_id",
            "contact.postal_code",
            "contact.zone",
            "contact.segment",
        )
    }
    assert orders == {
        "contact.contact_id": "abc",
        "-contact.contact_id": "cba",
        "contact.postal_code": "abc",
        "contact.zone": "abc",
        "contact.segment": "abc",
    }
