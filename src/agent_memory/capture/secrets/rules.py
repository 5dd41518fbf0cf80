"""What secrets look like: the table that `redaction` reads.

A *token* is a secret that tells by its own form what it is. A row has the kind, the beginnings that its
issuer documents, what follows a beginning, and where that is documented. What follows is text, compiled
when a beginning was met; every repetition in it is bounded or possessive, so that no text takes more than
linear time. Most issuers document a beginning and a length of today and ask not to rely on the length:
rows ask for somewhat less and allow more.

Other secrets are told by what stands before them (`PASSWORD=`, `"api_key":`, `Authorization:`). Their
names are here; what of their values is a secret, `values` judges.

Data only, and strings: the process of a hook imports this.
"""

from __future__ import annotations

from agent_memory.capture.secrets.service_rules import SERVICES
from agent_memory.capture.secrets.token_rules import BUILDING

ENCODED_FRAME = "LS0tLS1CRUdJTi"
"""`-----BEGIN` in base64: looked at before it is believed."""

TOKENS: tuple[tuple[str, str, str, str], ...] = (
    *BUILDING,
    *SERVICES,
    # -- of any issuer
    (
        "jwt",
        "eyJ",
        "[A-Za-z0-9_-]{12,8192}+(?:\\.[A-Za-z0-9_-]{0,16384}+){2,4}",
        "https://www.rfc-editor.org/rfc/rfc7519",
    ),
    (
        "docker-login",
        "eyJhdXRocyI6",
        "[A-Za-z0-9+/]{40,20000}+={0,2}",
        "https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/",
    ),
    (
        "private-key",
        ENCODED_FRAME,
        "(?:[A-Za-z0-9+/]{60,20000}+)={0,2}",
        "https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/",
    ),
    # Keys without a frame: RSA (PKCS #1), any (PKCS #8), key stores (PKCS #12), EC and Ed25519.
    (
        "private-key",
        "MII",
        "[A-Za-z0-9+/]{2,3}[AQgw]?IBA(?:AKB|AKC|DAN|zC)[A-Za-z0-9+/]{100,20000}+={0,2}",
        "https://www.rfc-editor.org/rfc/rfc5958",
    ),
    (
        "private-key",
        "MIGHAgEAMBMG MHcCAQEE MC4CAQAwBQYDK2Vw",
        "[A-Za-z0-9+/]{40,400}+={0,2}",
        "https://www.rfc-editor.org/rfc/rfc5915",
    ),
)
"""(kind, beginnings, what follows one of them, where that is documented)."""

SLASHED = (b"fm2_", b"whsec_", b"absk")
"""Beginnings, in lower case, of tokens in base64 whose `+` and `/` end a run."""

# -- what has no beginning of its own but a form --------------------------------------------------

PLACED = (
    # A bot's id in base64, a time, a signature. https://discord.com/developers/docs/reference
    ("discord-token", (b"M", b"N", b"O"), 0, r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}+"),
    # https://mailchimp.com/developer/marketing/docs/fundamentals/
    ("mailchimp-key", (b"-us",), 32, r"[0-9a-f]{32}-us[0-9]{1,2}"),
)
"""(kind, one of these bytes, so far behind the beginning of a run, the whole)."""

BEHIND_COLON = (
    # A bot's number and its secret. https://core.telegram.org/bots/api#authorizing-your-bot
    ("telegram-token", r"(?<![0-9])[0-9]{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])", 11),
    # https://firebase.google.com/docs/cloud-messaging/auth-server
    ("firebase-key", r"[A-Za-z0-9_-]{7,24}:APA91b[A-Za-z0-9_-]{100,200}+", 25),
)
"""(kind, the whole, how many characters stand before what follows the colon)."""

TERRAFORM = r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}+"
"""https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens"""

ENTRA = r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}"
"""A client secret of Microsoft Entra. https://learn.microsoft.com/en-us/entra/identity-platform/"""

MARKED = (("azure-devops-token", "AZDO"), ("azure-key", "JQQJ99"))
"""Marks inside keys of Azure. https://learn.microsoft.com/en-us/purview/sit-defn-azure-devops-personal-access-token"""

# Hosts whose paths are the secret: whoever has the address can write there.
WEBHOOKS = (
    (
        "slack-webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9_/-]{20,200}+)",
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    (
        "discord-webhook",
        r"(?:ptb\.|canary\.)?discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/(\d{15,22}/[A-Za-z0-9_-]{40,100}+)",
        "https://discord.com/developers/docs/resources/webhook",
    ),
    (
        "teams-webhook",
        r"[a-z0-9-]{1,60}+\.webhook\.office\.com/(webhookb2/[A-Za-z0-9@/-]{40,300}+)",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/",
    ),
    (
        "zapier-webhook",
        r"hooks\.zapier\.com/hooks/catch/(\d{4,12}/[A-Za-z0-9]{5,40}+)",
        "https://zapier.com/apps/webhook/integrations",
    ),
    (
        "feishu-webhook",
        r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/([A-Za-z0-9-]{20,60}+)",
        "https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot",
    ),
    (
        "wecom-webhook",
        r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([A-Za-z0-9-]{20,60}+)",
        "https://developer.work.weixin.qq.com/document/path/91770",
    ),
    (
        "ifttt-webhook",
        r"maker\.ifttt\.com/trigger/[^/\s]{1,80}+(?:/json)?/with/key/([A-Za-z0-9_-]{10,60}+)",
        "https://ifttt.com/maker_webhooks",
    ),
    (
        "sentry-dsn",
        r"([0-9a-f]{32}(?::[0-9a-f]{32})?)@(?:o\d{1,12}\.)?(?:ingest\.)?(?:[a-z]{2}\.)?sentry\.io/",
        "https://docs.sentry.io/concepts/key-terms/dsn-explainer/",
    ),
)

WEBHOOK_HOSTS = (
    "slack.com",
    "discord",
    "office.com",
    "zapier.com",
    "feishu.cn",
    "larksuite.com",
    "weixin.qq.com",
    "ifttt.com",
    "sentry.io",
)
"""What of a host says that it may be one of these."""

# -- names ----------------------------------------------------------------------------------------

STEMS = (
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "psk",
    # As people say it elsewhere; `Passwort`, `passord`, `mot de passe` have the first.
    "contrase",
    "kennwort",
    "wachtwoord",
    "senha",
)
"""One of these is in every name that a secret is assigned to."""

_FOREIGN = """
    密码 密碼 口令 パスワード 비밀번호 пароль Пароль hasło Hasło lösenord Lösenord şifre Şifre mật_khẩu Mật_khẩu
"""
FOREIGN = tuple(word.replace("_", " ") for word in _FOREIGN.split())
"""Words for a password that have letters beyond ASCII: looked for where a text has such."""

# Of whom a key, token or secret is, where its name says so: what the kind is called.
PROVIDERS = (
    ("aws", "aws"),
    ("azure", "azure"),
    ("accountkey", "azure-storage"),
    ("sharedaccesskey", "azure"),
    ("gcp", "gcp"),
    ("google", "google"),
    ("github", "github"),
    ("gitlab", "gitlab"),
    ("slack", "slack"),
    ("stripe", "stripe"),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("cohere", "cohere"),
    ("mistral", "mistral"),
    ("twilio", "twilio"),
    ("mailgun", "mailgun"),
    ("mailchimp", "mailchimp"),
    ("datadog", "datadog"),
    ("dd_", "datadog"),
    ("heroku", "heroku"),
    ("cloudflare", "cloudflare"),
    ("cf_", "cloudflare"),
    ("okta", "okta"),
    ("algolia", "algolia"),
    ("fastly", "fastly"),
    ("pagerduty", "pagerduty"),
    ("jira", "atlassian"),
    ("vault", "vault"),
    ("npm", "npm"),
    ("telegram", "telegram"),
    ("discord", "discord"),
    ("vercel", "vercel"),
    ("netlify", "netlify"),
    ("artifactory", "jfrog"),
    ("circle", "circleci"),
    ("travis", "travis"),
    ("snyk", "snyk"),
    ("sonar", "sonar"),
    ("supabase", "supabase"),
    ("firebase", "firebase"),
    ("twitch", "twitch"),
    ("twitter", "twitter"),
    ("facebook", "facebook"),
    ("linkedin", "linkedin"),
    ("dropbox", "dropbox"),
    ("asana", "asana"),
    ("trello", "trello"),
    ("django", "django"),
    ("rails", "rails"),
    ("jwt", "jwt"),
)
