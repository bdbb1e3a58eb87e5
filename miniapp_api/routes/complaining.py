"""Complaints, suggestions and feedback."""

from core import http as kit
from members import tickets as members_tickets
from miniapp_api import tickets
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.get(
        "/tickets",
        tickets.listing,
        summary=("我的投诉与建议", "Complaints and suggestions"),
        answer=kit.Page[tickets.Ticket],
        auth=CUSTOMER,
    ),
    kit.post(
        "/tickets",
        tickets.create,
        summary=("投诉或建议", "Complain, or suggest something"),
        status=201,
        answer=tickets.Ticket,
        refusals=(members_tickets.TooManyTickets, members_tickets.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/tickets/{ticket_no}",
        tickets.one,
        summary=("一条投诉或建议", "One of them"),
        answer=tickets.Ticket,
        refusals=(members_tickets.NoSuchTicket,),
        auth=CUSTOMER,
    ),
    kit.post(
        "/tickets/{ticket_no}/rating",
        tickets.rate,
        summary=("为办结的打分", "Rate a closed one"),
        answer=tickets.Ticket,
        refusals=(members_tickets.NoSuchTicket, members_tickets.NothingToRate),
        auth=CUSTOMER,
    ),
)
