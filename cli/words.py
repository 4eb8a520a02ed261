"""The Chinese beside each of the contract's words, as the glossary has them."""

from collections.abc import Mapping

from domain.readable import STAGE_NAMES

STAGES: Mapping[str, str] = {stage.value: name for stage, name in STAGE_NAMES.items()}

OUTCOMES: Mapping[str, str] = {
    "repaired": "修复",
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
    "outcome": "结果:solved、needs_visit",
    "in_warranty": "保内:true、false、unknown",
    "basis": "依据",
    "fault_kind": "故障:hardware、software",
    "device_fault": "设备性故障:true、false、unknown",
    "severity": "级别:general、urgent、severe",
    "cause": "故障原因:quality、misuse、wear、force_majeure、unknown",
    "weight_kg": "净重(公斤)",
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
}

EVENTS: Mapping[str, str] = {
    "opened": "开单",
    "call_taken": "来电",
    "call_joined": "再次来电(催单)",
    "call_updated": "通话更新",
    "call_detached": "通话移出",
    "answer_known": "得知来电已接听",
    "reported": "报修时间确定",
    "called_back": "已回电",
    "registered": "已登记",
    "policy_pinned": "采用政策",
    "warranty_decided": "保修判定",
    "assessed": "已判定",
    "amended": "已更正",
    "noted": "备注",
    "guidance_started": "开始电话指导",
    "guided": "电话解决",
    "guidance_not_enough": "电话指导未解决",
    "redirected": "转出",
    "dispatch_ordered": "下达派工",
    "dispatched": "已派工",
    "reassigned": "改派",
    "visit_moved": "改时段",
    "nobody_to_dispatch": "无人可派",
    "accepted": "已接单",
    "declined": "已拒单",
    "departed": "已出发",
    "arrived": "已到达现场",
    "work_started": "开始维修",
    "finished": "已修好",
    "left_unfinished": "未修完",
    "signed_off": "已签署",
    "reopened": "重新打开",
    "order_returned": "维修单已交回",
    "order_checked_in": "维修单回收登记",
    "order_waived": "维修单免交",
    "waiting_for_order": "等待交回维修单",
    "follow_up_due": "该回访了",
    "follow_up_tried": "回访未接通",
    "followed_up": "已回访",
    "cancelled": "已取消",
    "closed": "已关闭",
    "promise_met": "承诺兑现",
    "promise_met_late": "承诺迟到兑现",
    "promise_warned": "临近时限",
    "promise_missed": "承诺超时",
    "promise_escalated": "升级",
    "firing_withdrawn": "超时撤回",
    "notice_due": "应通知",
}

DETAILS: Mapping[str, str] = {
    "promise": "承诺",
    "clauses": "条款",
    "due": "时限",
    "level": "级别",
    "late_seconds": "迟到秒数",
    "to": "通知",
    "about": "事由",
    "reason": "原因",
    "note": "备注",
    "text": "内容",
    "at": "实际时间",
    "technician": "维修人员",
    "satisfied": "满意",
    "score": "评分",
    "outcome": "结果",
    "call_id": "通话",
    "work": "工作",
    "minutes": "工时",
    "opinion": "意见",
    "signer": "签署人",
    "policy": "政策",
    "version": "版本",
    "agreed": "约定",
    "remarks": "客户的话",
    "window": "时段",
    "symptom": "现象",
    "site": "地点",
    "basis": "依据",
    "answer": "判定",
    "field": "字段",
    "value": "值",
    "reached": "接通",
    "task": "待办",
    "from": "从",
    "in_warranty": "保内",
    "site_cleared": "现场已清理",
    "warning_tag": "已挂警示牌",
    "next_visit": "下次上门",
    "occurrence": "第几次",
    "urgent": "加急",
    "department": "部门",
    "channel": "渠道",
    "skipped": "跳过",
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
