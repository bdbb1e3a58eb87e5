"""One-time codes and web authorisation that tell the chat who somebody is."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0033_chat_words")]

    operations = []
