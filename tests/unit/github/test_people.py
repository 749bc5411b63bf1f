"""Identities of the people of a push from GitHub's addresses and logins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.protocol.authors import NOREPLY_HOST, AuthorReader
from core.domain.identifiers import ProviderUserId
from core.domain.provider_events import Author, ProviderUser
from core.domain.streams.domain_event import MAX_CO_AUTHORS

MARA = ProviderUser("900000001", "Mara-Okafor-Acme")
PEOPLE = AuthorReader([NOREPLY_HOST]).start_push(MARA)
NOBODY = Author("Nobody", "nobody@acme.example")


@pytest.mark.parametrize(
    ("email", "number", "login"),
    [
        ("7+mara@users.noreply.github.com", "7", "mara"),
        ("7+Mara@Users.NoReply.GitHub.com", "7", "Mara"),
        ("mara@users.noreply.github.com", None, "mara"),
        ("49699333+dependabot[bot]@users.noreply.github.com", "49699333", "dependabot[bot]"),
        ("0+mara@users.noreply.github.com", None, None),
        ("+mara@users.noreply.github.com", None, None),
        ("7+@users.noreply.github.com", None, None),
        ("7+a+b@users.noreply.github.com", None, None),
        ("\u0667+mara@users.noreply.github.com", None, None),
        (f"{'9' * 30}+mara@users.noreply.github.com", None, None),
        ("7+mara@users.noreply.github.com.evil.example", None, None),
        ("7+mara@noreply.github.com", None, None),
        ("7+mara@x@users.noreply.github.com", None, None),
        ("mara@acme.example", None, None),
        (f"{'a' * 400}@users.noreply.github.com", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_noreply_address_identifies_the_account(email: str | None, number: str | None, login: str | None) -> None:
    """New ones have id and login, old ones the login."""
    assert AuthorReader([NOREPLY_HOST]).noreply(email) == (number, login)


def test_noreply_addresses_depend_on_the_server() -> None:
    """An Enterprise Server has its own host; addresses of github.com prove nothing there."""
    server = AuthorReader(["users.noreply.Git.acme.example"])
    assert server.noreply("7+mara@users.noreply.git.acme.example") == ("7", "mara")
    assert server.noreply("7+mara@users.noreply.github.com") == (None, None)


def test_sender_has_an_id() -> None:
    """GitHub adds the login to an address, and for the sender of a push also the id."""
    number = ProviderUserId(MARA.id or "")
    assert PEOPLE.author("M", "m@home.example", "mara-okafor-acme").account_id == number
    assert PEOPLE.author("J", "j@home.example", "jlindqvist-acme").account_id is None
    assert PEOPLE.author("M", "m@home.example", None).account_id is None
    assert PEOPLE.pusher("mara-okafor-acme", None).account_id == number
    assert AuthorReader([]).start_push(None).author("M", None, "mara").account_id is None


@pytest.mark.parametrize(
    ("name", "email", "username", "is_bot"),
    [
        ("x", "1+x[bot]@users.noreply.github.com", "x[bot]", True),
        ("x", "1+x[bot]@users.noreply.github.com", None, True),
        ("GitHub", "noreply@github.com", "web-flow", True),
        ("renovate[bot]", "bot@renovate.example", None, True),
        ("renovate[bot]", "mara@acme.example", "mara", False),
        ("botany", "b@b.example", "botany", False),
        ("GitHub Action", "action@github.com", None, True),
        ("GitHub Actions", "Actions@GitHub.com", None, True),
        ("GitHub", "noreply@github.com", None, True),
        ("Copilot", "198982749+Copilot@users.noreply.github.com", "Copilot", True),
        ("Claude", "noreply@anthropic.com", None, True),
        ("Cursor", " cursoragent@cursor.com ", None, True),
        ("Mara", "mara@anthropic.com", None, False),
        ("Mara", "noreply@acme.example", None, False),
    ],
)
def test_recognizes_bots_by_login_and_address(name: str, email: str, username: str | None, is_bot: bool) -> None:
    """Users cannot have such a login; the name counts only without a login."""
    assert PEOPLE.author(name, email, username).is_bot is is_bot


def test_identifies_a_co_author_by_address_only() -> None:
    """GitHub does not resolve trailers; an old noreply address contains a login."""
    message = (
        "x\n\nCo-authored-by: Jonas <7+jonas@users.noreply.github.com>\n"
        "Co-authored-by: Mara <mara@users.noreply.github.com>\n"
        "co-authored-by: c[bot] <8+c[bot]@users.noreply.github.com>\n"
        "Co-Authored-By: Sam <sam@mail.example>\n"
    )
    assert PEOPLE.co_authors(message, NOBODY) == (
        Author("Jonas", "7+jonas@users.noreply.github.com", "jonas", noreply_id=ProviderUserId("7")),
        Author("Mara", "mara@users.noreply.github.com", "mara"),
        Author("c[bot]", "8+c[bot]@users.noreply.github.com", "c[bot]", noreply_id=ProviderUserId("8"), is_bot=True),
        Author("Sam", "sam@mail.example"),
    )
    many = "x\n\n" + "\n".join(f"Co-authored-by: A <a{number}@acme.example>" for number in range(200))
    assert len(PEOPLE.co_authors(many, NOBODY)) == MAX_CO_AUTHORS


@pytest.mark.parametrize(
    ("email", "username", "is_named"),
    [
        ("M@Acme.example", None, False),
        ("7+m@users.noreply.github.com", None, True),
        ("900000001+m@users.noreply.github.com", "mara-okafor-acme", False),
        ("mara-okafor-acme@users.noreply.github.com", "Mara-Okafor-Acme", False),
        ("mara-okafor-acme@users.noreply.github.com", None, True),
        ("other@acme.example", "mara-okafor-acme", True),
    ],
)
def test_author_is_not_a_co_author(email: str, username: str | None, is_named: bool) -> None:
    """By address, account id or login: squash merges name the author again."""
    author = PEOPLE.author("M", "m@acme.example", username)
    assert bool(PEOPLE.co_authors(f"x\n\nCo-authored-by: M <{email}>", author)) is is_named


@given(st.text(), st.none() | st.text() | st.emails(), st.none() | st.text())
def test_reads_any_author(name: str, email: str | None, username: str | None) -> None:
    """Unchanged."""
    author = PEOPLE.author(name, email, username)
    assert (author.name, author.email, author.username) == (name, email, username)


_lines = st.lists(
    st.tuples(
        st.sampled_from(["Co-authored-by:", "co-AUTHORED-by: ", "Signed-off-by:", "> Co-authored-by:"]),
        st.text(alphabet=st.characters(exclude_characters="\r\n<"), max_size=12),
        st.sampled_from(["", "7+a@users.noreply.github.com", "a@users.noreply.github.com", "a@b", "ß@ß", " "]),
    ),
    max_size=6,
)


@given(_lines)
def test_reads_any_trailers(lines: list[tuple[str, str, str]]) -> None:
    """Each address once, in order, with an id exactly if the address contains one."""
    message = "x\n\n" + "\n".join(f"{key}{name}<{address}>" for key, name, address in lines)
    read = PEOPLE.co_authors(message, NOBODY)
    written = dict.fromkeys(a for key, _, a in lines if key.lower().strip() == "co-authored-by:" and a.strip())
    assert {author.email for author in read} <= set(written)
    if not any(key.startswith(">") or ">" in name for key, name, _ in lines):
        assert [author.email for author in read] == list(written)
    assert all((author.noreply_id == "7") == (author.email or "").startswith("7+") for author in read)
