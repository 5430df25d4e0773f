"""What batches and entries refuse, as typed facts."""

from app.errors import Conflict, FieldError, NotFound, Unprocessable


class BatchNotFound(NotFound):
    code = "batch_not_found"
    title = "没有这个批次"


class ObjectionNotFound(NotFound):
    code = "objection_not_found"
    title = "没有这条异议"


class EntryNotFound(NotFound):
    code = "entry_not_found"
    title = "没有这个名单条目"


class BatchState(Conflict):
    """The batch is not in the state that the action needs."""

    code = "batch_state"
    title = "批次的状态不允许此操作"


class NoticeRunning(Conflict):
    """Nothing is published before the last day of its notice is over."""

    code = "notice_running"
    title = "公示尚未期满"


class BatchProblems(Conflict):
    """Lines of the batch stand in the way; `errors` names each."""

    code = "batch_problems"
    title = "批次中有须先处理的条目"


class TakenByBatch(Conflict):
    """A nomination is in another batch, or has not been approved."""

    code = "not_available"
    title = "推荐不能编入批次"


class NotOnNotice(Conflict):
    """Objections are raised against what is on notice today."""

    code = "not_on_notice"
    title = "不在公示期内"


class ObjectionDecided(Conflict):
    """An objection is decided once."""

    code = "objection_decided"
    title = "异议已有处理结果"


class EntryStands(Conflict):
    """The table of transitions has no such line, or the entry has ended."""

    code = "entry_state"
    title = "条目的状态不允许此操作"


class SamePerson(Conflict):
    """Whoever acted last does not complete or undo it alone."""

    code = "same_person"
    title = "须由另一位同事办理"


class TooEarlyToRenew(Conflict):
    """Renewal opens with the first reminder."""

    code = "too_early_to_renew"
    title = "尚未到续期的时间"


class BatchRefused(Unprocessable):
    """Dates, lines or reasons that cannot be; `errors` points at each."""

    code = "batch_refused"
    title = "批次内容有误"


def refused(*errors: FieldError) -> BatchRefused:
    """The refusal of some values."""
    return BatchRefused(errors[0].detail, errors=errors)
