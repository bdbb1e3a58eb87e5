"""What operators teach the chat: synonyms, answers by keyword, menus, QR scenes, broadcasts."""

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0032_conversations")]

    operations = []
