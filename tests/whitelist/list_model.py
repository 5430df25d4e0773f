"""What the list is, told without a database: entries with the days on which they changed. The oracle of the machine."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from app.rules.months import add_months

MONTHS = 12
RENEWAL_OPENS_DAYS = 90
LIVE = {"listed", "suspended"}


@dataclass
class Entry:
    """One entry: what it became, on which day, and until when it was then valid; and who acted last."""

    became: list[tuple[date, str, date]]
    last_by: str | None

    def on(self, day: date) -> str | None:
        """Its state on a day; None before it was listed."""
        past = [(state, until) for since, state, until in self.became if since <= day]
        if not past:
            return None
        state, until = past[-1]
        return "expired" if state in LIVE and until <= day else state

    @property
    def until(self) -> date:
        return self.became[-1][2]


@dataclass
class ListModel:
    """All entries by key. `try_…` says whether the act is allowed, and does it if it is."""

    today: date
    entries: dict[str, Entry] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)

    def on(self, day: date) -> dict[str, str]:
        """Everything that was an entry on a day, with its state."""
        states = {key: entry.on(day) for key, entry in self.entries.items()}
        return {key: state for key, state in states.items() if state is not None}

    def publish(self, key: str, by: str) -> None:
        self.entries[key] = Entry([(self.today, "listed", add_months(self.today, MONTHS))], by)
        self.events.append((key, "list"))

    def try_act(self, key: str, action: str, by: str) -> bool:
        entry = self.entries[key]
        before = entry.on(self.today)
        leads = {
            ("listed", "suspend"): "suspended",
            ("suspended", "reinstate"): "listed",
            ("suspended", "remove"): "removed",
            ("listed", "renew"): "listed",
        }
        after, until = leads.get((before or "", action)), entry.until
        if after is None or (action != "suspend" and by == entry.last_by):
            return False
        if action == "renew":
            if self.today < until - timedelta(days=RENEWAL_OPENS_DAYS):
                return False
            until = add_months(until, MONTHS)
        entry.became.append((self.today, after, until))
        entry.last_by = by
        self.events.append((key, action))
        return True

    def expire(self) -> int:
        """Mark what has ended; nothing that is asked of a day changes by it."""
        due = [(key, one) for key, one in self.entries.items() if one.became[-1][1] in LIVE and one.until <= self.today]
        for key, entry in due:
            entry.became.append((entry.until, "expired", entry.until))
            entry.last_by = None
            self.events.append((key, "expire"))
        return len(due)
