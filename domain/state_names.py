"""The Chinese names of the stages of a ticket and of the states of a loaner."""

from collections.abc import Mapping

from domain.vocabulary import LoanerState, Stage

STAGE_NAMES: Mapping[Stage, str] = {
    Stage.INTAKE: "待登记",
    Stage.REGISTERED: "已登记",
    Stage.ASSESSING: "待判定",
    Stage.AWAITING_CONSENT: "待同意费用",
    Stage.DISPATCHING: "待派工",
    Stage.SCHEDULED: "已派工",
    Stage.ON_SITE: "现场维修",
    Stage.REPAIRED: "已修复",
    Stage.SIGNED_OFF: "已签署",
    Stage.FOLLOW_UP: "待回访",
    Stage.CLOSED: "已关闭",
    Stage.REDIRECTED: "已转出",
}

LOANER_STATE_NAMES: Mapping[LoanerState, str] = {
    LoanerState.REQUESTED: "待预留",
    LoanerState.NEEDS_DECISION: "待主管选定",
    LoanerState.RESERVED: "已预留",
    LoanerState.NO_STOCK: "无备机,排队中",
    LoanerState.DELIVERED: "已送到",
    LoanerState.RECALLED: "待收回",
    LoanerState.OVERDUE: "逾期未收回",
    LoanerState.RETURNED: "已收回",
    LoanerState.LOST: "已丢失",
    LoanerState.RELEASED: "已取消",
}
