"""The words of Aftercare: every closed list of names that tickets, policies and scripts share.

They are a contract: other people's scripts write them. Add to a list freely; rename nothing.
"""

from enum import StrEnum


class Stage(StrEnum):
    """Where a ticket stands in the procedure."""

    INTAKE = "intake"
    REGISTERED = "registered"
    ASSESSING = "assessing"
    AWAITING_CONSENT = "awaiting_consent"
    DISPATCHING = "dispatching"
    SCHEDULED = "scheduled"
    ON_SITE = "on_site"
    REPAIRED = "repaired"
    SIGNED_OFF = "signed_off"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    REDIRECTED = "redirected"


ENDED = frozenset({Stage.CLOSED, Stage.REDIRECTED})


class Outcome(StrEnum):
    """How a ticket ended, or is about to end once its paperwork is in."""

    REPAIRED = "repaired"
    EXCHANGED = "exchanged"
    REFUNDED = "refunded"
    GUIDED = "guided"
    REFUSED = "refused"
    NO_CONSENT = "no_consent"
    CANCELLED = "cancelled"
    MERGED = "merged"
    NOT_REACHED = "not_reached"
    REDIRECTED = "redirected"


class Milestone(StrEnum):
    """A thing that happened, with its time. Promises start at one and are kept by others.

    `appointed` is the beginning of the window agreed for a visit, the one time here that may lie
    ahead. Those after `closed` belong to enquiries, complaints, deliveries, inspections, reports.
    """

    REPORTED = "reported"
    CALLED_BACK = "called_back"
    GUIDANCE_STARTED = "guidance_started"
    GUIDED = "guided"
    REMOTE_STARTED = "remote_started"
    PROPOSED = "proposed"
    REGISTERED = "registered"
    ASSESSED = "assessed"
    QUOTED = "quoted"
    FEE_DECIDED = "fee_decided"
    ORDER_ISSUED = "order_issued"
    DISPATCHED = "dispatched"
    APPOINTED = "appointed"
    ACCEPTED = "accepted"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    REPAIR_STARTED = "repair_started"
    RESOLVED = "resolved"
    HELD_FOR_WEATHER = "held_for_weather"
    VISIT_ENDED = "visit_ended"
    LOANER_RESERVED = "loaner_reserved"
    LOANER_DELIVERED = "loaner_delivered"
    LOANER_RECALLED = "loaner_recalled"
    LOANER_RETURNED = "loaner_returned"
    LOANER_LOST = "loaner_lost"
    DISPUTED = "disputed"
    RULED = "ruled"
    VERIFIED = "verified"
    REMEDY_CHOSEN = "remedy_chosen"
    REFUND_APPROVED = "refund_approved"
    SIGNED_OFF = "signed_off"
    ORDER_RETURNED = "order_returned"
    ORDER_WAIVED = "order_waived"
    LEFT_UNFINISHED = "left_unfinished"
    REOPENED = "reopened"
    OUTCOME_DECIDED = "outcome_decided"
    FOLLOW_UP_TRIED_1 = "follow_up_tried_1"
    FOLLOW_UP_TRIED_2 = "follow_up_tried_2"
    FOLLOW_UP_TRIED_3 = "follow_up_tried_3"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"
    QUESTION_RECEIVED = "question_received"
    QUESTION_ANSWERED = "question_answered"
    MATERIALS_REQUESTED = "materials_requested"
    MATERIALS_SENT = "materials_sent"
    MATERIALS_RECEIVED = "materials_received"
    OFFER_REQUESTED = "offer_requested"
    OFFER_MADE = "offer_made"
    COMPLAINT_RECEIVED = "complaint_received"
    COMPLAINT_FORWARDED = "complaint_forwarded"
    CONTRACT_SIGNED = "contract_signed"
    DELIVERED = "delivered"
    INSTALLED = "installed"
    DEFECT_REPORTED = "defect_reported"
    DEFECT_SETTLED = "defect_settled"
    DELAY_KNOWN = "delay_known"
    DELAY_NOTIFIED = "delay_notified"
    INSPECTED = "inspected"
    TRACKED = "tracked"
    TRACKED_AGAIN = "tracked_again"
    REQUIREMENTS_RECEIVED = "requirements_received"
    REQUIREMENTS_FORWARDED = "requirements_forwarded"
    SAMPLE_FEEDBACK_RECEIVED = "sample_feedback_received"
    SAMPLE_FEEDBACK_FORWARDED = "sample_feedback_forwarded"
    FEEDBACK_WRITTEN = "feedback_written"
    FEEDBACK_REGISTERED = "feedback_registered"
    FEEDBACK_READ = "feedback_read"
    HOURS_SUMMED = "hours_summed"
    HOURS_REVIEWED = "hours_reviewed"
    HOURS_RECHECKED = "hours_rechecked"


OF_OTHER_PROCEDURES = frozenset(
    {
        Milestone.QUESTION_RECEIVED,
        Milestone.QUESTION_ANSWERED,
        Milestone.MATERIALS_REQUESTED,
        Milestone.MATERIALS_SENT,
        Milestone.MATERIALS_RECEIVED,
        Milestone.OFFER_REQUESTED,
        Milestone.OFFER_MADE,
        Milestone.COMPLAINT_RECEIVED,
        Milestone.COMPLAINT_FORWARDED,
        Milestone.CONTRACT_SIGNED,
        Milestone.DELIVERED,
        Milestone.INSTALLED,
        Milestone.DEFECT_REPORTED,
        Milestone.DEFECT_SETTLED,
        Milestone.DELAY_KNOWN,
        Milestone.DELAY_NOTIFIED,
        Milestone.INSPECTED,
        Milestone.TRACKED,
        Milestone.TRACKED_AGAIN,
        Milestone.REQUIREMENTS_RECEIVED,
        Milestone.REQUIREMENTS_FORWARDED,
        Milestone.SAMPLE_FEEDBACK_RECEIVED,
        Milestone.SAMPLE_FEEDBACK_FORWARDED,
        Milestone.FEEDBACK_WRITTEN,
        Milestone.FEEDBACK_REGISTERED,
        Milestone.FEEDBACK_READ,
        Milestone.HOURS_SUMMED,
        Milestone.HOURS_REVIEWED,
        Milestone.HOURS_RECHECKED,
    }
)
"""Milestones that no repair ticket reaches: those of enquiries, deliveries, reports, …"""


class Role(StrEnum):
    """Who acts, and who is told."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"
    QUALITY = "quality"
    DEPT_HEAD = "dept_head"
    ADMIN_OFFICE = "admin_office"
    MANAGER = "manager"
    CUSTOMER = "customer"
    PROPERTY_MANAGER = "property_manager"


HEARS = (Role.AGENT, Role.SUPERVISOR, Role.DEPT_HEAD, Role.MANAGER)
"""The line of command: each hears for those before it. Nobody else's acts are an answer."""


class HoldReason(StrEnum):
    """Why a ticket waits, beside its stage."""

    WEATHER = "weather"
    CUSTOMER = "customer"
    PARTS = "parts"
    DISPUTE = "dispute"
    CONSENT = "consent"


class Channel(StrEnum):
    """How a fault was reported (D1-5.2.1.a, and the channels since)."""

    PHONE = "phone"
    FAX = "fax"
    SLIP = "slip"
    WECHAT = "wechat"
    WEB = "web"
    API = "api"


class TicketKind(StrEnum):
    """What the caller wanted."""

    REPAIR = "repair"
    ENQUIRY = "enquiry"
    COMPLAINT = "complaint"
    WRONG_NUMBER = "wrong_number"


class Command(StrEnum):
    """What somebody may ask of a ticket; each is a Temporal update of this name."""

    OPEN = "open"
    REGISTER = "register"
    AMEND = "amend"
    NOTE = "note"
    CALL_BACK = "call_back"
    START_GUIDANCE = "start_guidance"
    GUIDE = "guide"
    ASSESS = "assess"
    QUOTE = "quote"
    DECIDE_FEE = "decide_fee"
    DISPUTE = "dispute"
    RULE = "rule"
    DISPATCH = "dispatch"
    ISSUE_ORDER = "issue_order"
    ACCEPT = "accept"
    DECLINE = "decline"
    DEPART = "depart"
    ARRIVE = "arrive"
    START_WORK = "start_work"
    FINISH = "finish"
    LEAVE_UNFINISHED = "leave_unfinished"
    HOLD = "hold"
    RESUME = "resume"
    SIGN_OFF = "sign_off"
    RETURN_ORDER = "return_order"
    WAIVE_ORDER = "waive_order"
    VERIFY = "verify"
    RECORD_FOLLOW_UP = "record_follow_up"
    REQUEST_LOANER = "request_loaner"
    CHOOSE_REMEDY = "choose_remedy"
    APPROVE_REFUND = "approve_refund"
    ADOPT_POLICY = "adopt_policy"
    CANCEL = "cancel"
    MERGE_INTO = "merge_into"


class PromiseState(StrEnum):
    """How a promise stands at one moment."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


class Warranty(StrEnum):
    """The answer to 保内还是保外 (D1-5.2.1.e); unknown is an answer."""

    IN = "true"
    OUT = "false"
    UNKNOWN = "unknown"


class FaultKind(StrEnum):
    HARDWARE = "hardware"
    SOFTWARE = "software"


class Severity(StrEnum):
    GENERAL = "general"
    URGENT = "urgent"
    SEVERE = "severe"


class Cause(StrEnum):
    """Why it broke; misuse is paid for even inside the warranty (D5-B4.3b4)."""

    QUALITY = "quality"
    MISUSE = "misuse"
    WEAR = "wear"
    FORCE_MAJEURE = "force_majeure"
    UNKNOWN = "unknown"


class PurchaseDate(StrEnum):
    """A day from which a warranty may run."""

    INVOICE_DATE = "invoice_date"
    DELIVERED_ON = "delivered_on"
    ACCEPTED_ON = "accepted_on"
    CONTRACTED_ON = "contracted_on"
    EXCHANGED_ON = "exchanged_on"


class PartClass(StrEnum):
    """Warranty differs by the class of the part (D5-C6)."""

    WHOLE_UNIT = "whole_unit"
    MAIN_PART = "main_part"
    WEAR_PART = "wear_part"
    CONSUMABLE = "consumable"


class QuoteState(StrEnum):
    """What became of a quote. Free: nothing above zero, so nobody was asked. Void: a newer one,
    or a ruling, took its place."""

    OPEN = "open"
    FREE = "free"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOID = "void"


class GuidanceWay(StrEnum):
    """How help from afar is given (D4-R2): by phone, on the device itself, or as a proposal."""

    PHONE = "phone"
    REMOTE = "remote"
    PROPOSAL = "proposal"


class FeeKind(StrEnum):
    """What a line of a quote or of a final amount is for."""

    PART = "part"
    LABOUR = "labour"
    TRAVEL = "travel"
    SOFTWARE_UPGRADE = "software_upgrade"


class FeeDecision(StrEnum):
    """The customer's word on a quote (D1-5.2.1.f)."""

    APPROVE = "approve"
    REFUSE = "refuse"


class DisputeSubject(StrEnum):
    """What customer and company do not agree on (D1-3.2.a)."""

    WARRANTY = "warranty"
    FAULT = "fault"
    FEE = "fee"


class Remedy(StrEnum):
    """What the customer may choose where the three guarantees (三包) give the choice (D5-C6)."""

    REPAIR = "repair"
    EXCHANGE = "exchange"
    RETURN = "return"


class Proof(StrEnum):
    """What stands behind a choice of the three guarantees (D5-C6.1.a, D5-C6.3.a, D5-C6.3.b)."""

    INVOICE = "invoice"
    LISTED_FAULT = "listed_fault"
    REPAIRS = "repairs"
    REPAIR_RECORDS = "repair_records"


class LoanerState(StrEnum):
    """How a loaner stands. Requested: asked for, not answered yet; released: never needed."""

    REQUESTED = "requested"
    NEEDS_DECISION = "needs_decision"
    RESERVED = "reserved"
    NO_STOCK = "no_stock"
    DELIVERED = "delivered"
    RECALLED = "recalled"
    OVERDUE = "overdue"
    RETURNED = "returned"
    LOST = "lost"
    RELEASED = "released"


class LoanerCommand(StrEnum):
    """What somebody may ask of a loaner; each is a Temporal update of this name."""

    RESERVE = "reserve"
    DELIVER = "deliver"
    RECALL = "recall"
    TAKE_BACK = "take_back"
    REPORT_LOST = "report_lost"
    APPROVE_CHARGE = "approve_charge"


class Keeper(StrEnum):
    """Which workflow keeps a promise: the ticket, its loaner, or that of another procedure."""

    TICKET = "ticket"
    LOANER = "loaner"
    ENQUIRY = "enquiry"
    COMPLAINT = "complaint"
    DELIVERY = "delivery"
    INSPECTION = "inspection"
    REPORT = "report"
