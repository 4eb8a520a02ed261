"""Moments as a person reads them: the wall clock, and how far away a due time is."""

from datetime import datetime, timedelta

from domain.civil_time import CHINA, local

DAY, HOUR, MINUTE = 86_400, 3_600, 60


def now() -> datetime:
    """Our clock, on the wall of the business."""
    return datetime.now(CHINA)


def clock(moment: str | datetime | None, *, seconds: bool = False) -> str:
    """`11-24 16:40`, with the year where it is not this one; nothing for None."""
    if moment is None:
        return ""
    when = local(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)
    year = "" if when.year == now().year else f"{when.year}-"
    return f"{year}{when:%m-%d %H:%M}" + (f":{when:%S}" if seconds else "")


def span(length: timedelta) -> str:
    """A length of time in its two largest units: 2天3小时, 1小时20分, 35分, 12秒."""
    total = int(abs(length).total_seconds())
    if total >= DAY:
        return f"{total // DAY}天" + (f"{total % DAY // HOUR}小时" if total % DAY >= HOUR else "")
    if total >= HOUR:
        rest = total % HOUR // MINUTE
        return f"{total // HOUR}小时" + (f"{rest}分" if rest else "")
    return f"{total // MINUTE}分" if total >= MINUTE else f"{total}秒"


def remaining(due: str | datetime | None, at: datetime | None = None) -> str:
    """还剩 2小时 or 超时 35分, in rich markup; nothing for None."""
    if due is None:
        return ""
    when = datetime.fromisoformat(due) if isinstance(due, str) else due
    left = when - (at or now())
    if left >= timedelta(0):
        style = "yellow" if left < timedelta(hours=1) else "green"
        return f"[{style}]还剩 {span(left)}[/]"
    return f"[bold red]超时 {span(left)}[/]"
