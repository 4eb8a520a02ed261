"""The Chinese beside each of the contract's words, as the glossary has them."""

from collections.abc import Mapping

from domain.state_names import LOANER_STATE_NAMES, STAGE_NAMES

STAGES: Mapping[str, str] = {stage.value: name for stage, name in STAGE_NAMES.items()}

LOANER_STATES: Mapping[str, str] = {state.value: name for state, name in LOANER_STATE_NAMES.items()}

OUTCOMES: Mapping[str, str] = {
    "repaired": "修复",
    "exchanged": "换货",
    "refunded": "退货退款",
    "guided": "电话解决",
    "refused": "拒绝维修",
    "no_consent": "未同意费用",
    "cancelled": "取消",
    "merged": "并入他单",
    "not_reached": "回访未接通",
    "redirected": "转出",
}

ROLES: Mapping[str, str] = {
    "agent": "客服",
    "supervisor": "客服主管",
    "technician": "维修人员",
    "quality": "技术质量部",
    "dept_head": "部门负责人",
    "admin_office": "行政部办公室",
    "manager": "管理者",
    "customer": "客户",
    "property_manager": "物业",
}

PROMISE_STATES: Mapping[str, str] = {
    "pending": "未开始",
    "running": "计时中",
    "paused": "暂停",
    "met": "已兑现",
    "missed": "已超时",
    "void": "不适用",
}

STATE_STYLES: Mapping[str, str] = {
    "pending": "dim",
    "running": "cyan",
    "paused": "yellow",
    "met": "green",
    "missed": "bold red",
    "void": "dim",
}

HOLDS: Mapping[str, str] = {
    "weather": "天气",
    "customer": "客户",
    "parts": "配件",
    "dispute": "争议",
    "consent": "费用同意",
}

QUOTE_STATES: Mapping[str, str] = {
    "open": "等待答复",
    "free": "不收费",
    "approved": "已同意",
    "refused": "未同意",
    "expired": "逾期未答复",
    "void": "作废",
}

FEE_KINDS: Mapping[str, str] = {
    "part": "配件",
    "labour": "人工",
    "travel": "路费",
    "software_upgrade": "软件升级",
}

PRICES: Mapping[str, str] = {"free": "免费", "cost": "成本价", "discount": "折扣价"}

PROOFS: Mapping[str, str] = {
    "invoice": "发票",
    "listed_fault": "所列性能故障",
    "repairs": "修理次数",
    "repair_records": "授权维修站的修理记录",
}

DECISIONS: Mapping[str, str] = {"approve": "同意", "refuse": "不同意"}

SUBJECTS: Mapping[str, str] = {"warranty": "保修", "fault": "故障责任", "fee": "费用"}

REMEDIES: Mapping[str, str] = {"repair": "修理", "exchange": "换货", "return": "退货"}

CONDITIONS: Mapping[str, str] = {"good": "完好", "damaged": "损坏"}

GRADES: Mapping[str, str] = {"new": "全新", "usable": "可用", "any": "不限"}

SKIPS: Mapping[str, str] = {
    "declined": "已拒单",
    "skill": "不会这一类",
    "absent": "不在班",
    "out": "在外维修",
}

WEEKDAYS: Mapping[str, str] = {
    "mon": "周一",
    "tue": "周二",
    "wed": "周三",
    "thu": "周四",
    "fri": "周五",
    "sat": "周六",
    "sun": "周日",
}

CAUSES: Mapping[str, str] = {
    "quality": "质量原因",
    "misuse": "人为损坏",
    "wear": "正常磨损",
    "force_majeure": "不可抗力",
    "unknown": "原因未明",
}

SEVERITIES: Mapping[str, str] = {"general": "一般", "urgent": "紧急", "severe": "严重"}

FAULT_KINDS: Mapping[str, str] = {"hardware": "硬件", "software": "软件"}

GUIDANCE: Mapping[str, str] = {"solved": "已解决", "needs_visit": "要上门"}

PART_CLASSES: Mapping[str, str] = {
    "whole_unit": "整机",
    "main_part": "主件",
    "wear_part": "易损件",
    "consumable": "耗材",
}

PURCHASE_DATES: Mapping[str, str] = {
    "invoice_date": "开票日",
    "delivered_on": "交货日",
    "accepted_on": "验收日",
    "contracted_on": "合同签订日",
    "exchanged_on": "换机日",
}

CHANNELS: Mapping[str, str] = {
    "phone": "电话",
    "fax": "传真",
    "slip": "报修单",
    "wechat": "微信",
    "web": "网页",
    "api": "接口",
}

COMMANDS: Mapping[str, str] = {
    "register": "登记报修",
    "amend": "更正登记",
    "note": "记一笔",
    "call_back": "回电",
    "start_guidance": "开始电话指导",
    "guide": "电话指导的结果",
    "assess": "判定保内保外与故障",
    "quote": "报价",
    "decide_fee": "客户对费用的决定",
    "dispute": "提出争议",
    "rule": "裁定争议",
    "dispatch": "派工",
    "issue_order": "补维修单",
    "accept": "接单",
    "decline": "拒单",
    "depart": "出发",
    "arrive": "到达现场",
    "start_work": "开始维修",
    "finish": "修好",
    "leave_unfinished": "未修完,约下次",
    "hold": "挂起",
    "resume": "恢复",
    "sign_off": "客户签署",
    "return_order": "交回维修单",
    "waive_order": "免交维修单",
    "verify": "复核返修",
    "record_follow_up": "记录回访",
    "request_loaner": "申请备机",
    "choose_remedy": "选择修、换、退",
    "approve_refund": "批准退款",
    "adopt_policy": "改用另一份政策",
    "cancel": "取消工单",
    "merge_into": "并入另一张工单",
    "reserve": "选定备机",
    "deliver": "送出备机",
    "recall": "收回备机的通知",
    "take_back": "收回备机",
    "report_lost": "报失备机",
    "approve_charge": "批准备机的收费",
}

FIELDS: Mapping[str, str] = {
    "reason": "原因",
    "at": "实际发生的时间,如 2026-03-02T09:00:00+08:00",
    "note": "备注",
    "kind": "事项:repair、enquiry、complaint、wrong_number",
    "caller_name": "报修人",
    "caller_phone": "报修人电话",
    "site": "地点",
    "device": "设备:名录里的编号,或一个 JSON 对象",
    "symptom": "故障现象",
    "category": "类别",
    "urgent": "加急:true、false",
    "field": "要更正的字段",
    "value": "新的值",
    "text": "内容",
    "agreed": "约定的内容",
    "way": "方式:phone 电话、remote 远程、proposal 提出方案",
    "outcome": "结果:solved、needs_visit",
    "in_warranty": "保内:true、false、unknown",
    "basis": "依据",
    "fault_kind": "故障:hardware、software",
    "device_fault": "设备性故障:true、false、unknown",
    "severity": "级别:general、urgent、severe",
    "cause": "故障原因:quality、misuse、wear、force_majeure、unknown",
    "weight_kg": "净重(公斤)",
    "listed_fault": "三包所列的性能故障(true、false、unknown)",
    "exchanged_for": "换货时换上的产品:product、same_model 或 not_worse",
    "technician": "维修人员的编号或姓名;不写则轮流派工",
    "window": '上门时段,如 {"from": "…", "to": "…"}',
    "emergency": "先抢修后补单:true、false",
    "work": "做了什么",
    "lines": "费用明细,一个 JSON 列表",
    "minutes": "工时(分钟)",
    "site_cleared": "现场已清理:true、false",
    "warning_tag": "已挂警示牌:true、false",
    "next_visit": '下次上门时段,如 {"from": "…", "to": "…"}',
    "satisfied": "满意:true、false",
    "opinion": "意见",
    "signer": "签署人",
    "evidence": "凭据:文字,或一个 JSON 对象",
    "expenses": '开支,如 [{"what": "车费", "amount_fen": 1200}]',
    "receipts": "票据:张数,或一个 JSON 列表",
    "reached": "接通:true、false",
    "score": "评分 1–5",
    "remarks": "客户的话",
    "quote": "所答复的报价编号",
    "decision": "决定:approve、refuse",
    "subject": "争议的事:warranty、fault、fee",
    "until": "到何时",
    "accepted": "通过:true、false",
    "remedy": "选择:repair、exchange、return",
    "amount_fen": "金额(分)",
    "policy": "政策名",
    "version": "政策版本",
    "ticket": "另一张工单的编号",
    "loaner": "备机在名录里的编号",
    "condition": "收回时:good、damaged",
    "charge_fen": "提出的收费(分)",
    "approved": "批准:true、false",
}


TERM_SOURCES: Mapping[str, str] = {
    "contract": "合同",
    "card": "保修卡",
    "policy": "政策",
    "default": "默认",
}

PROVISION_KINDS: Mapping[str, str] = {
    "gate": "关口",
    "rule": "规则",
    "record": "记录",
    "checklist": "核对",
    "schedule": "周期",
    "report": "报告",
    "task": "任务",
}

KEEPERS: Mapping[str, str] = {
    "ticket": "工单",
    "loaner": "备机流程",
    "enquiry": "咨询流程",
    "complaint": "投诉流程",
    "delivery": "交货流程",
    "inspection": "巡检流程",
    "report": "报告流程",
}


def beside(word: str | None, words: Mapping[str, str]) -> str:
    """The Chinese of a word; the word itself where there is none, nothing for None."""
    return "" if word is None else words.get(word, word)


def actor(by: str | None) -> str:
    """`agent/客服小何` as people say it: 客服 客服小何."""
    if by is None:
        return ""
    role, _, name = by.partition("/")
    said = ROLES.get(role, role)
    return name if name.startswith(said) else f"{said} {name}"


def promise_state(word: str) -> str:
    """A promise's state in its colour."""
    return f"[{STATE_STYLES[word]}]{PROMISE_STATES[word]}[/]"
