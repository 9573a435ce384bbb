"""Who calls, and what they may do where."""

from dataclasses import dataclass

PAT = "personal_access_token"
APP_KEY = "app_specific_key"
SESSION = "session"  # of somebody who signed in
PUBLIC_USER = "clarifai"  # whose public models and workflows everybody may use
PUBLIC_APP = "main"


@dataclass(frozen=True, slots=True)
class Grant:
    """What is allowed: scopes by their contract names, and endpoints when only some calls are.

    An empty list does not limit; a grant with both lists empty allows nothing.
    """

    scopes: frozenset[str]
    endpoints: frozenset[str] = frozenset()


EVERYTHING = Grant(frozenset({"All"}))


@dataclass(frozen=True, slots=True)
class AppRef:
    """An app as calls need it, without its message."""

    seq: int
    user_id: str
    id: str
    is_public: bool
    default_workflow_id: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a valid credential. An app-specific key acts for its owner in one app only."""

    user_id: str
    kind: str
    grant: Grant
    handle: str = ""
    is_admin: bool = False
    is_host: bool = False  # commands on the host itself; no credential gives this
    app_seq: int | None = None
    expires_at: float | None = None

    def owns(self, user_id: str) -> bool:
        """Whether things of this user are the actor's own; the public ones belong to the admins."""
        return self.user_id == user_id or (self.is_admin and user_id == PUBLIC_USER)
