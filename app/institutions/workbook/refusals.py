"""Why a whole file is not read, as typed facts with what the clerk can do about it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from app.errors import Unprocessable


class WorkbookRefused(Unprocessable):
    """The file as a whole cannot be imported; `advice` is filled with what the parser said."""

    code = "workbook_refused"
    title = "文件不能导入"
    advice: ClassVar[str] = "文件不能导入，请使用本系统的模板"

    @classmethod
    def said(cls, **said: object) -> "WorkbookRefused":
        """The refusal with its particulars."""
        return cls(cls.advice.format_map(_Named(said)))


class _Named(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


class NotAWorkbook(WorkbookRefused):
    code = "not_a_workbook"
    title = "不是工作簿"
    advice = "这不是 Excel 工作簿（.xlsx）或 CSV 文件，请下载模板填写，或在 Excel、WPS 中另存为 .xlsx 后再上传"


class EmptyFile(WorkbookRefused):
    code = "workbook_empty"
    title = "文件是空的"
    advice = "文件没有任何内容，可能没有保存或没有传完，请打开核对后重新上传"


class OldWorkbook(WorkbookRefused):
    """A format of spreadsheets that is not read: .xls and .et, .xlsb, .ods, a web page named .xls."""

    code = "old_workbook"
    title = "文件格式不支持"
    advice = "这是 {kind} 格式，请在 Excel 或 WPS 中打开，选择“另存为”，类型选“Excel 工作簿（*.xlsx）”，再上传新文件"
    kinds: ClassVar[Mapping[str, str]] = {
        "xls": "旧版 Excel（.xls）或 WPS（.et）",
        "xlsb": "二进制工作簿（.xlsb）",
        "ods": "开放文档表格（.ods）",
        "html": "网页表格（以 .xls 命名的网页）",
    }

    @classmethod
    def said(cls, **said: object) -> WorkbookRefused:
        return super().said(kind=cls.kinds.get(str(said.get("kind")), "其他表格"))


class WorkbookProtected(WorkbookRefused):
    code = "workbook_protected"
    title = "工作簿设有密码"
    advice = "工作簿设有打开密码，请打开后在“文件—信息—保护工作簿”中去掉密码，保存后再上传"


class MacroWorkbook(WorkbookRefused):
    code = "workbook_macro"
    title = "工作簿含有宏"
    advice = "工作簿含有宏或控件，不能导入；请另存为“Excel 工作簿（*.xlsx）”（不启用宏）后再上传"


class LinkedWorkbook(WorkbookRefused):
    code = "workbook_links"
    title = "工作簿引用了别的文件"
    advice = "工作簿引用了别的文件（外部链接）；请全选复制，“选择性粘贴—数值”到新工作簿后再上传"


class UnsafeWorkbook(WorkbookRefused):
    code = "workbook_unsafe"
    title = "文件结构异常"
    advice = "文件结构异常（{what}），不像 Excel 或 WPS 保存的工作簿；请把内容复制到下载的模板中再上传"


class UnreadableWorkbook(WorkbookRefused):
    code = "workbook_unreadable"
    title = "工作簿已损坏"
    advice = "工作簿已损坏或没有传完，读不出来；请用 Excel 或 WPS 打开，确认无误后另存为 .xlsx 再上传"


class WorkbookTooLarge(WorkbookRefused):
    code = "workbook_too_large"
    title = "文件过大"
    advice = "文件过大（{what}）；请删去图片、多余的表和空白列，或分成几个文件上传"


class TooManyRows(WorkbookRefused):
    code = "workbook_too_many_rows"
    title = "行数过多"
    advice = "最多读 {limit} 行，{where}；请删去表尾多余的行（选中整行删除，不是只清除内容），或分成几个文件上传"


class TooManyColumns(WorkbookRefused):
    code = "workbook_too_many_columns"
    title = "列数过多"
    advice = "最多读 {limit} 列，{where}；请删去右侧多余的列后再上传"


class CellTooLong(WorkbookRefused):
    code = "cell_too_long"
    title = "单元格文字过长"
    advice = "第 {row} 行有单元格超过 {limit} 个字；请缩短，CSV 文件请检查引号是否成对"


class RowTooLong(WorkbookRefused):
    code = "row_too_long"
    title = "一行文字过长"
    advice = "第 {row} 行的文字合计超过 {limit} 个字，请缩短"


class UnreadableText(WorkbookRefused):
    code = "text_encoding"
    title = "文字编码无法识别"
    advice = "CSV 文件既不是 UTF-8 也不是 GB18030 编码，或内容已损坏；请在 Excel 或 WPS 中另存为 .xlsx 后再上传"


class UnpairedQuotes(WorkbookRefused):
    code = "text_quotes"
    title = "CSV 引号不成对"
    advice = '第 {row} 行起的引号（"）不成对；请补全或删去，或在 Excel、WPS 中另存为 .xlsx 后再上传'


class HeadingsNotFound(WorkbookRefused):
    code = "headings_not_found"
    title = "没有找到表头"
    advice = (
        "没有找到表头：前 40 行中要有一行写着“机构名称”和其他列名（如“所在县（市、区）”“统一社会信用代码”），请使用模板"
    )


class HeadingsHidden(WorkbookRefused):
    code = "headings_hidden"
    title = "要读的表是隐藏的"
    advice = "只有隐藏的表“{sheet}”有表头；如要导入它，请取消隐藏并保存后再上传"


class HeadingTwice(WorkbookRefused):
    code = "heading_twice"
    title = "表头重复"
    advice = "{first} 列“{first_heading}”和 {second} 列“{second_heading}”是同一项，请只留一列"


class WorkbookTimeout(WorkbookRefused):
    code = "workbook_timeout"
    title = "读取超时"
    advice = "文件太复杂，没能在规定时间内读完；请把内容复制到下载的模板中，或分成几个文件上传"


class WorkbookMemory(WorkbookRefused):
    code = "workbook_memory"
    title = "内容过多"
    advice = "文件展开后占用的内存过多，可能在很靠后的行或列有内容；请把内容复制到下载的模板中，或分成几个文件上传"


BY_CODE: Final[Mapping[str, type[WorkbookRefused]]] = {
    one.code: one
    for one in (
        NotAWorkbook,
        EmptyFile,
        OldWorkbook,
        WorkbookProtected,
        MacroWorkbook,
        LinkedWorkbook,
        UnsafeWorkbook,
        UnreadableWorkbook,
        WorkbookTooLarge,
        TooManyRows,
        TooManyColumns,
        CellTooLong,
        RowTooLong,
        UnreadableText,
        UnpairedQuotes,
        HeadingsNotFound,
        HeadingsHidden,
        HeadingTwice,
        WorkbookTimeout,
        WorkbookMemory,
    )
}


def refusal(code: str, said: Mapping[str, Any]) -> WorkbookRefused:
    """The refusal of a code that the parsing process gave."""
    return BY_CODE.get(code, UnreadableWorkbook).said(**said)
