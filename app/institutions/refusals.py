"""What this room refuses, as typed facts."""

from collections.abc import Iterable
from typing import NoReturn

from app.errors import Conflict, FieldError, NotFound, Unprocessable


class InstitutionNotFound(NotFound):
    code = "institution_not_found"
    title = "没有这个机构"


class ProjectNotFound(NotFound):
    code = "project_not_found"
    title = "没有这个项目"


class NeedNotFound(NotFound):
    code = "need_not_found"
    title = "没有这个融资需求"


class LoanNotFound(NotFound):
    code = "loan_not_found"
    title = "没有这笔贷款"


class AttestationNotFound(NotFound):
    code = "attestation_not_found"
    title = "没有这条认定"


class AttachmentNotFound(NotFound):
    code = "attachment_not_found"
    title = "没有这个附件"


class AlreadyRegistered(Conflict):
    """Another site carries this number."""

    code = "already_registered"
    title = "该号码已登记"


class NeedNotOpen(Conflict):
    """What has been met or withdrawn is no longer changed."""

    code = "need_not_open"
    title = "融资需求的状态不允许此操作"


class AttestedMeanwhile(Conflict):
    """Two offices recorded the same attestation at once; one of them was later."""

    code = "attested_meanwhile"
    title = "同一认定刚被他人记录"


class RegistryRefused(Unprocessable):
    """A value is wrong by itself or contradicts another; `errors` points at each."""

    code = "registry_refused"
    title = "登记内容有误"


class AttachmentRefused(Unprocessable):
    """The file is not what it must be."""

    code = "attachment_refused"
    title = "附件不能接受"


def refuse(errors: Iterable[FieldError]) -> None:
    """Raise RegistryRefused if there is anything to refuse."""
    found = tuple(errors)
    if found:
        raise RegistryRefused(found[0].detail, errors=found)


def refuse_one(pointer: str, code: str, detail: str) -> NoReturn:
    """Raise RegistryRefused for one value."""
    raise RegistryRefused(detail, errors=(FieldError(pointer, code, detail),))
