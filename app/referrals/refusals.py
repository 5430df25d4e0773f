"""What pushes, follow-up and requests for consent refuse, as typed facts."""

from app.errors import Conflict, FieldError, NotFound, Unprocessable


class PushNotFound(NotFound):
    code = "push_not_found"
    title = "没有这次推送"


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"
    title = "没有这次交付"


class ReferralNotFound(NotFound):
    code = "referral_not_found"
    title = "没有这条对接"


class ConsentRequestNotFound(NotFound):
    code = "consent_request_not_found"
    title = "没有这份授权请求"


class BatchNotPublished(Conflict):
    """Only what has been published is pushed."""

    code = "batch_not_published"
    title = "批次尚未发布"


class NothingToDeliver(Conflict):
    """A bank has all of it already; `errors` names the banks."""

    code = "nothing_to_deliver"
    title = "没有可推送的内容"


class AlreadyReceived(Conflict):
    """A delivery is confirmed once."""

    code = "already_received"
    title = "已经确认签收"


class ReferralStands(Conflict):
    """The table of transitions has no such line."""

    code = "referral_state"
    title = "对接的状态不允许此操作"


class RequestAnswered(Conflict):
    """A request for consent is answered once."""

    code = "consent_request_answered"
    title = "授权请求已有结果"


class RequestOpen(Conflict):
    """The same bank still waits for the answer to another request."""

    code = "consent_request_open"
    title = "已有待答复的授权请求"


class PushRefused(Unprocessable):
    """Banks that cannot be pushed to; `errors` points at each."""

    code = "push_refused"
    title = "推送内容有误"


class ReferralRefused(Unprocessable):
    """Days, amounts or people that cannot be; `errors` points at each."""

    code = "referral_refused"
    title = "对接内容有误"


class RequestRefused(Unprocessable):
    """A request that no consent could answer."""

    code = "consent_request_refused"
    title = "授权请求有误"


def refused(*errors: FieldError) -> ReferralRefused:
    """The refusal of some values of a follow-up."""
    return ReferralRefused(errors[0].detail, errors=errors)
