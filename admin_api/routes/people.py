"""People who answer in chats: conversations, canned answers, tickets, satisfaction."""

from admin_api import canned_answers, conversations, live, tickets
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import canned_answers as members_canned
from members import people_desk
from members import tickets as members_tickets

_OPEN = (people_desk.NoSuchConversation, people_desk.ConversationClosed)
_OWN = (*_OPEN, people_desk.ConversationNotYours)

ROUTES = (
    kit.get(
        "/conversations",
        conversations.listing,
        summary=("人工会话", "Conversations with people"),
        description=("等待的在前，等得久的更前。", "Who waits first, the longest first."),
        answer=kit.Page[conversations.Conversation],
        auth=OPERATOR,
    ),
    kit.get(
        "/conversation-events",
        conversations.events,
        summary=("会话里正在发生的事", "What happens in conversations"),
        description=(
            "带 Accept: text/event-stream 则为服务器推送（SSE）：事件名为 kind，data 为一条 LiveEvent；ready 之后读列表不会漏，reset 要重新读列表，"
            "bye 表示已退出登录；断开后带 Last-Event-ID 接着来，不漏不重。否则立即答一页，按 last_id 再问。",
            "With Accept: text/event-stream a stream of server-sent events: each is named by its kind, its data is one LiveEvent; after ready the "
            "lists can be read without missing anything, at reset they must be read again, bye says that the session is over; after a break "
            "Last-Event-ID goes on without loss or repetition. Otherwise one page at once; ask again after last_id.",
        ),
        answer=live.LiveEvents,
        auth=OPERATOR,
    ),
    kit.get(
        "/conversation-colleagues",
        conversations.colleagues,
        summary=("可以接手会话的人", "Who may take a conversation over"),
        answer=kit.Page[conversations.Colleague],
        auth=OPERATOR,
    ),
    kit.get(
        "/conversations/{conversation_id}",
        conversations.one,
        summary=("一个会话与顾客", "One conversation and its customer"),
        answer=conversations.WholeConversation,
        refusals=(people_desk.NoSuchConversation,),
        auth=OPERATOR,
    ),
    kit.get(
        "/conversations/{conversation_id}/messages",
        conversations.messages,
        summary=("会话里说过的话", "What was said"),
        answer=kit.Page[conversations.ChatMessage],
        refusals=(people_desk.NoSuchConversation,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/conversations",
        conversations.of_customer,
        summary=("顾客的人工会话", "A customer's conversations"),
        answer=kit.Page[conversations.Conversation],
        refusals=(people_desk.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/conversations",
        conversations.open_for,
        summary=("主动联系顾客", "Take over a customer's chat"),
        status=201,
        answer=conversations.WholeConversation,
        refusals=(
            people_desk.NoSuchCustomer,
            people_desk.NoSuchStore,
            people_desk.NotYourStore,
            people_desk.NoChatToOpen,
            people_desk.ConversationTaken,
            *_OPEN,
            people_desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/conversations/{conversation_id}/take",
        conversations.take,
        summary=("接待", "Take a conversation"),
        answer=conversations.WholeConversation,
        refusals=(*_OPEN, people_desk.ConversationTaken),
        auth=OPERATOR,
    ),
    kit.post(
        "/conversations/{conversation_id}/messages",
        conversations.reply,
        summary=("回复顾客", "Answer the customer"),
        description=(
            "先记下，随后由客服消息送出；微信只在顾客说话后 48 小时内收 5 条，结果见 delivery 与 reason。text 与 canned_id 写其一。",
            "Written down, then sent as a customer-service message; WeChat takes five within 48 hours of what the customer wrote: delivery and "
            "reason say how it fared. Either text or canned_id.",
        ),
        status=201,
        answer=conversations.ChatMessage,
        refusals=(
            *_OWN,
            people_desk.ReplyTooLong,
            people_desk.NothingToSay,
            people_desk.NoSuchCannedAnswer,
            people_desk.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/conversations/{conversation_id}/hand-over",
        conversations.hand,
        summary=("转给别人", "Hand a conversation on"),
        refusals=(*_OWN, people_desk.OperatorCannotAnswer, people_desk.NoSuchStore),
        auth=OPERATOR,
    ),
    kit.post(
        "/conversations/{conversation_id}/close",
        conversations.close,
        summary=("结束，交还机器人", "Close, and give the chat back to the bot"),
        refusals=(
            people_desk.NoSuchConversation,
            people_desk.ConversationNotYours,
            people_desk.UnreadMessage,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/canned-answers",
        canned_answers.listing,
        summary=("常用语", "Canned answers"),
        answer=kit.Page[canned_answers.CannedAnswer],
        auth=OPERATOR,
    ),
    kit.post(
        "/canned-answers",
        canned_answers.add,
        summary=("添加我的常用语", "Add a canned answer of one's own"),
        status=201,
        answer=canned_answers.CannedAnswer,
        refusals=(members_canned.CannedAnswerWrong, members_canned.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/canned-answers/{canned_id}",
        canned_answers.change,
        summary=("修改我的常用语", "Change a canned answer of one's own"),
        answer=canned_answers.CannedAnswer,
        refusals=(members_canned.NoSuchCannedAnswer, members_canned.CannedAnswerWrong),
        auth=OPERATOR,
    ),
    kit.delete(
        "/canned-answers/{canned_id}",
        canned_answers.remove,
        summary=("删除我的常用语", "Remove a canned answer of one's own"),
        auth=OPERATOR,
    ),
    kit.post(
        "/shop-canned-answers",
        canned_answers.add_shops,
        summary=("添加店铺常用语", "Add a canned answer of the shop's"),
        status=201,
        answer=canned_answers.CannedAnswer,
        refusals=(members_canned.CannedAnswerWrong, members_canned.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/shop-canned-answers/{canned_id}",
        canned_answers.change_shops,
        summary=("修改店铺常用语", "Change a canned answer of the shop's"),
        answer=canned_answers.CannedAnswer,
        refusals=(members_canned.NoSuchCannedAnswer, members_canned.CannedAnswerWrong),
        auth=OPERATOR,
    ),
    kit.delete(
        "/shop-canned-answers/{canned_id}",
        canned_answers.remove_shops,
        summary=("删除店铺常用语", "Remove a canned answer of the shop's"),
        auth=OPERATOR,
    ),
    kit.get(
        "/tickets",
        tickets.listing,
        summary=("投诉与建议", "Complaints and suggestions"),
        answer=kit.Page[tickets.Ticket],
        auth=OPERATOR,
    ),
    kit.get(
        "/tickets/{ticket_no}",
        tickets.one,
        summary=("一个工单", "One ticket"),
        answer=tickets.Ticket,
        refusals=(members_tickets.NoSuchTicket,),
        auth=OPERATOR,
    ),
    kit.post(
        "/tickets/{ticket_no}/take",
        tickets.take,
        summary=("开始处理", "Set to work on a ticket"),
        answer=tickets.Ticket,
        refusals=(members_tickets.NoSuchTicket, members_tickets.TicketClosed, members_tickets.TicketTaken),
        auth=OPERATOR,
    ),
    kit.post(
        "/tickets/{ticket_no}/answer",
        tickets.answer,
        summary=("答复，并告诉顾客", "Answer a ticket, and tell the customer"),
        answer=tickets.Ticket,
        refusals=(
            members_tickets.NoSuchTicket,
            members_tickets.TicketClosed,
            members_tickets.TicketTaken,
            members_tickets.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/tickets/{ticket_no}/close",
        tickets.close,
        summary=("办结", "Close a ticket"),
        answer=tickets.Ticket,
        refusals=(members_tickets.NoSuchTicket, members_tickets.TicketTaken),
        auth=OPERATOR,
    ),
    kit.get(
        "/satisfaction",
        tickets.satisfaction_of,
        summary=("满意度", "How content customers were"),
        answer=tickets.SatisfactionOfPeriod,
        auth=OPERATOR,
    ),
)
