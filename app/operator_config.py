"""The settings of operators' sign-in."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from app.config_values import Seconds, Secret, Section, Word
from members import duties, sign_in_rules


class SingleSignOn(Section):
    issuer: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=200)]
    """As it calls itself, to the letter: some end in a slash."""
    client_id: Word
    client_secret: Secret | None = None
    scopes: tuple[Word, ...] = ("openid", "email", "profile")
    create_as: duties.FixedRole | None = None


class Operators(Section):
    session_ttl_s: Seconds = 12 * 3600
    session_idle_s: Annotated[float, Field(ge=0, le=366 * 86400)] = 0
    step_up: sign_in_rules.StepUp = "with_second_factor"
    fresh_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    second_factor_required_for: tuple[sign_in_rules.Holders, ...] = ()
    single_sign_on: SingleSignOn | None = None

    def rules(self, *, shop_name: str, public_url: str) -> sign_in_rules.Rules:
        """As the desk takes them."""
        return sign_in_rules.Rules(
            session_lifetime=timedelta(seconds=self.session_ttl_s),
            idle=timedelta(seconds=self.session_idle_s) if self.session_idle_s else None,
            step_up=self.step_up,
            fresh=timedelta(minutes=self.fresh_minutes),
            second_factor_required_for=frozenset(self.second_factor_required_for),
            shop_name=shop_name,
            public_url=public_url,
        )
