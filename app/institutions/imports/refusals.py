"""What this room refuses, as typed facts."""

from app.errors import Conflict, NotFound, Unprocessable


class ImportNotFound(NotFound):
    code = "import_not_found"
    title = "没有这次导入"


class OperationNotFound(NotFound):
    code = "operation_not_found"
    title = "没有这项工作"


class ImportFileRefused(Unprocessable):
    """The upload is empty, or its name does not say what it is."""

    code = "import_file_refused"
    title = "文件不能接受"


class ReportNotReady(Conflict):
    """The sheet is still being read, or could not be read at all."""

    code = "report_not_ready"
    title = "还没有核对结果"


class ImportNotChecked(Conflict):
    """Only what was checked and not yet written can be written."""

    code = "import_not_checked"
    title = "导入的状态不允许写入"


class ImportHasOpenRows(Conflict):
    """All rows or none: some are wrong, or may be duplicates that nobody has decided on."""

    code = "import_has_open_rows"
    title = "还有行不能写入"


class RegistryChangedSince(Conflict):
    """Between check and writing somebody changed what the rows are about, so that they would do something else."""

    code = "registry_changed_since"
    title = "核对之后登记有变"


class ImportNotApplied(Conflict):
    """Only what was written can be taken back."""

    code = "import_not_applied"
    title = "导入的状态不允许撤销"


class UndoTooLate(Conflict):
    """What has been in force for a day is changed one by one, not taken back as a whole."""

    code = "undo_too_late"
    title = "已超过撤销期限"


class UndoConflicts(Conflict):
    """Somebody has built on what the import wrote; `errors` names the first rows."""

    code = "undo_conflicts"
    title = "导入之后有变，不能撤销"


class WorkInterrupted(Conflict):
    """Again and again no process lived to the end of the work."""

    code = "work_interrupted"
    title = "处理多次中断"


class WorkFailed(Conflict):
    """The work met an error of the service itself, which stands in its log."""

    code = "work_failed"
    title = "处理时出错"
