"""The mechanisms of the software that a provision may name as what keeps it, and where each is.

One list for the policies, for the page that traces clauses to code, and for the test that every
place exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What it does, said in Chinese, and the modules that do it."""

    says: str
    modules: tuple[str, ...]


MECHANISMS: Mapping[str, Mechanism] = {
    "phone_intake": Mechanism(
        "来电即成工单,漏接也在内", ("domain.intake", "desk.calls", "workflows.incoming")
    ),
    "paper_intake": Mechanism(
        "传真、报修单、微信等渠道开单", ("domain.intake", "desk.which_ticket")
    ),
    "register_entry": Mechanism("报修登记", ("domain.steps.registration",)),
    "redirect": Mechanism("咨询、投诉转出", ("domain.steps.registration",)),
    "warranty_decision": Mechanism("判定保内保外并写明依据", ("domain.warranty",)),
    "quote": Mechanism("逐行报价", ("domain.steps.consent", "domain.fees")),
    "consent": Mechanism("收费先经同意,催问与到期", ("domain.steps.consent", "domain.fees")),
    "dispute_ruling": Mechanism("争议与裁定", ("domain.steps.disputes",)),
    "rework_check": Mechanism("返修要验证", ("domain.steps.closing",)),
    "rotation": Mechanism(
        "轮流派工,跳过与改派要写原因", ("domain.rotation", "domain.steps.dispatching")
    ),
    "departments": Mechanism("保内保外分部门派工", ("domain.steps.dispatching",)),
    "repair_order": Mechanism("没有维修单不派人,抢修后补", ("domain.steps.dispatching",)),
    "holds": Mechanism("按原因暂停与恢复", ("domain.steps.holds", "domain.running_time")),
    "visit": Mechanism("上门:接单、到场、完工或未完", ("domain.steps.visit",)),
    "sign_off": Mechanism("顾客签署意见", ("domain.steps.closing",)),
    "order_return": Mechanism("交回维修单:工时、费用、票据", ("domain.steps.closing",)),
    "follow_up": Mechanism("回访:次数、结果、评分", ("domain.steps.closing",)),
    "guidance": Mechanism("电话与远程指导", ("domain.steps.guidance",)),
    "loaner": Mechanism("备机:预留、交付、收回", ("domain.lending.orders", "domain.steps.loaners")),
    "three_guarantees": Mechanism(
        "三包:可退、可换、可修", ("domain.remedies", "domain.steps.remedies")
    ),
    "fee_rules": Mechanism("按成本价、折扣、免费核对每一行", ("domain.fees",)),
    "cancel": Mechanism("取消、结束与撤回", ("domain.steps.ending",)),
    "notices": Mechanism(
        "该告知谁,记在台账里;夜里不告知,没人理再告知",
        ("domain.case", "domain.escalation", "domain.quiet_hours", "domain.repeating"),
    ),
    "ledger": Mechanism("每件事一行,只增不改", ("storage.ledger", "domain.events")),
    "calendar": Mechanism(
        "按日历计时,新的一年公布后重算",
        ("domain.calendars", "domain.running_time", "domain.calendar_news"),
    ),
    "directory": Mechanism("名录:客户、设备、人员、备机", ("domain.directory",)),
    "lint": Mechanism("政策检查", ("domain.lint",)),
}
