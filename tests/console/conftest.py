import pytest

from tests.console import browsing


@pytest.fixture
async def hired(world):
    """Hires somebody with these posts (an owner without any) and sits them down at the console, signed in."""
    seated = []

    async def hire(*posts, login="zhou", locale="zh-CN"):
        await browsing.operator(login, *posts)
        browser = browsing.Browser(world.url, locale=locale)
        seated.append(browser)
        page = await browser.sign_in(login)
        assert page.status == 200 and page.url.endswith("/console/"), page.words
        return browser

    yield hire
    for browser in seated:
        await browser.session.close()


@pytest.fixture
async def stranger(world):
    """A browser nobody has signed in with."""
    browser = browsing.Browser(world.url)
    yield browser
    await browser.session.close()
