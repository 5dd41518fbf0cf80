"""Secrets in context, and look-alikes that are none.

No secret here is anyone's: each is drawn at test time from the shape that its issuer documents, with a
seed that is the case's name, so that the file itself holds nothing that a scanner of repositories would stop.
A third of the cases, by a digest of their names, is *held*: it was not looked at while rules were written.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

UPPER, LOWER, DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
WORD = UPPER + LOWER + DIGITS
URL64 = WORD + "-_"
B64 = WORD + "+/"
HEX = "0123456789abcdef"
BASE32 = UPPER + "234567"


@dataclass(frozen=True)
class Case:
    """A text, and what of it is secret; nothing in a look-alike."""

    name: str
    text: str
    secrets: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        return hashlib.sha256(self.name.encode()).digest()[0] % 3 == 0


class Draw:
    """What shapes are drawn with."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def of(self, alphabet: str, size: int) -> str:
        return "".join(self._random.choice(alphabet) for _ in range(size))

    def word(self, size: int) -> str:
        """Letters and digits, of each at least one as any that is long enough has."""
        drawn = self.of(WORD, size - 2)
        return drawn[: size // 2] + self.of(DIGITS, 1) + drawn[size // 2 :] + self.of(LOWER, 1)

    def hex(self, size: int) -> str:
        return self.of(HEX, size)

    def b64(self, size: int) -> str:
        return base64.b64encode(self._random.randbytes(size)).decode()

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def jwt(self) -> str:
        parts = [
            json.dumps({"alg": "HS256", "typ": "JWT"}),
            json.dumps({"sub": self.of(DIGITS, 10), "exp": self._random.randrange(10**9)}),
        ]
        encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
        return ".".join([*encoded, self.of(URL64, 42) + "A"])

    def pem(self, what: str = "RSA PRIVATE KEY", lines: int = 12, end: str = "\n") -> str:
        body = [self.of(B64, 64) for _ in range(lines)] + [self.of(B64, 30) + "=="]
        return end.join([f"-----BEGIN {what}-----", *body, f"-----END {what}-----"])

    def pick(self, *choices: str) -> str:
        return self._random.choice(choices)


Shape = Callable[[Draw], str]
X = "§"


def _case(name: str, context: str, shape: Shape) -> Case:
    secret = shape(Draw(name))
    return Case(name, context.replace(X, secret), (secret,))


# -- tokens, each in a context of its own -----------------------------------------------------------

# A beginning is put together here, so that no line of this file is a token's.
_TOKENS: tuple[tuple[str, Shape, str], ...] = (
    ("aws id", lambda d: "AKIA" + d.of(BASE32, 16), "aws_access_key_id = §\nregion = eu-north-1"),
    ("aws id in prose", lambda d: "AKIA" + d.of(BASE32, 16), "I pasted § by accident, please rotate it."),
    (
        "aws session id",
        lambda d: "ASIA" + d.of(BASE32, 16),
        '{"AccessKeyId": "§", "Expiration": "2026-01-15T09:00:00Z"}',
    ),
    ("aws id after escape", lambda d: "AKIA" + d.of(BASE32, 16), '"export FOO=1\\n§\\nexport BAR=2"'),
    (
        "aws id encoded",
        lambda d: "AKIA" + d.of(BASE32, 16),
        "https://s3.amazonaws.com/b/k?X-Amz-Credential=§%2F20260115%2Feu",
    ),
    ("aws id behind equals escape", lambda d: "AKIA" + d.of(BASE32, 16), "key%3D§%26region"),
    ("aws id in a name", lambda d: "AKIA" + d.of(BASE32[:26], 14) + "27", "credentials-§.json was written"),
    (
        "google api",
        lambda d: "AIza" + d.of(URL64, 34) + "k",
        'const firebaseConfig = {apiKey: "§", authDomain: "x.app"};',
    ),
    (
        "google api url",
        lambda d: "AIza" + d.of(URL64, 34) + "k",
        "GET https://maps.googleapis.com/maps/api/js?key=§&v=3 200",
    ),
    (
        "google oauth secret",
        lambda d: "GOCSPX-" + d.of(URL64, 27) + "k",
        '"client_secret":"§","redirect_uris":["http://localhost"]',
    ),
    ("google oauth token", lambda d: "ya29." + d.of(URL64, 120) + "k", "Authorization: Bearer §"),
    ("github classic", lambda d: "ghp_" + d.word(36), "git clone https://§@github.com/acme/app.git"),
    (
        "github classic log",
        lambda d: "ghp_" + d.word(36),
        "2026-01-15T09:00:00Z DEBUG using token § for api.github.com",
    ),
    ("github server", lambda d: "ghs_" + d.word(36), "remote: https://x-access-token:§@github.com/a/b"),
    ("github oauth", lambda d: "gho_" + d.word(36), "github.com:\n    oauth_token: §\n    user: anna"),
    ("github fine", lambda d: "github_pat_" + d.word(22) + "_" + d.word(59), "+GITHUB_TOKEN=§"),
    ("github coloured", lambda d: "ghp_" + d.word(36), "\x1b[32m§\x1b[0m is your token"),
    (
        "gitlab",
        lambda d: "glpat-" + d.word(20),
        "curl --header 'PRIVATE-TOKEN: §' https://gitlab.example.org/api/v4/projects",
    ),
    ("gitlab runner", lambda d: "glrt-" + d.word(20), "gitlab-runner register --token § --non-interactive"),
    ("slack bot", lambda d: f"xoxb-{d.of(DIGITS, 12)}-{d.of(DIGITS, 12)}-{d.word(24)}", "SLACK_BOT_TOKEN=§"),
    (
        "slack app",
        lambda d: f"xapp-1-A{d.of(UPPER + DIGITS, 10)}-{d.of(DIGITS, 13)}-{d.hex(64)}",
        'app = App(token="§")',
    ),
    (
        "slack hook",
        lambda d: f"T{d.of(UPPER, 8)}/B{d.of(UPPER + DIGITS, 10)}/{d.word(24)}",
        "curl -d '{}' https://hooks.slack.com/services/§",
    ),
    ("discord bot", lambda d: f"MT{d.of(WORD, 24)}.G{d.of(WORD, 5)}.{d.word(38)}", "client.run('§')"),
    ("discord hook", lambda d: f"{d.of(DIGITS, 18)}/{d.word(68)}", "https://discord.com/api/webhooks/§"),
    ("telegram", lambda d: f"1{d.of(DIGITS, 9)}:AA{d.word(33)}", "curl https://api.telegram.org/bot§/getMe"),
    ("telegram env", lambda d: f"6{d.of(DIGITS, 9)}:AA{d.word(33)}", "BOT=§\nCHAT=42"),
    ("stripe live", lambda d: "sk_" + "live_" + d.word(24), "stripe.api_key = '§'"),
    ("stripe live long", lambda d: "sk_" + "live_51" + d.word(97), "  STRIPE_SECRET: §"),
    ("stripe restricted", lambda d: "rk_" + "live_" + d.word(24), "the restricted key (§) may only read"),
    ("stripe test", lambda d: "sk_" + "test_" + d.word(24), "-u §: -d amount=2000"),
    ("stripe webhook", lambda d: "whsec_" + d.word(32), "> Ready! Your webhook signing secret is § (^C to quit)"),
    ("openai project", lambda d: "sk-proj-" + d.word(120), "OPENAI_API_KEY=§ python run.py"),
    ("openai old", lambda d: "sk-" + d.word(20) + "T3BlbkFJ" + d.word(20), 'openai.api_key = "§"'),
    ("openai service", lambda d: "sk-svcacct-" + d.word(60), '{"Authorization": "Bearer §"}'),
    ("anthropic", lambda d: "sk-ant-api03-" + d.word(93) + "AA", "x-api-key: §"),
    (
        "anthropic oauth",
        lambda d: "sk-ant-oat01-" + d.word(86),
        '{"claudeAiOauth":{"accessToken":"§","scopes":["user:inference"]}}',
    ),
    ("openrouter", lambda d: "sk-or-v1-" + d.hex(64), "export OPENROUTER=§"),
    ("hugging face", lambda d: "hf_" + d.of(UPPER + LOWER, 34), 'login(token="§")'),
    ("groq", lambda d: "gsk_" + d.word(52), "§ is mine"),
    ("replicate", lambda d: "r8_" + d.word(37), "REPLICATE_API_TOKEN=§"),
    ("perplexity", lambda d: "pplx-" + d.word(48), "key: §"),
    ("npm", lambda d: "npm_" + d.word(36), "//registry.npmjs.org/:_authToken=§"),
    ("pypi", lambda d: "pypi-AgEIcHlwaS5vcmc" + d.word(150), "[pypi]\nusername = __token__\npassword = §"),
    ("rubygems", lambda d: "rubygems_" + d.hex(48), "---\n:rubygems_api_key: §"),
    ("docker", lambda d: "dckr_pat_" + d.word(27), "echo § | docker login -u anna --password-stdin"),
    ("twilio", lambda d: "SK" + d.hex(32), "client = Client('§', api_secret)"),
    ("sendgrid", lambda d: f"SG.{d.word(22)}.{d.word(43)}", "sgMail.setApiKey('§')"),
    ("mailgun", lambda d: "key-" + d.hex(32), "curl -s --user 'api:§' https://api.mailgun.net/v3/x/messages"),
    ("brevo", lambda d: f"xkeysib-{d.hex(64)}-{d.word(16)}", "api-key: §"),
    ("digitalocean", lambda d: "dop_v1_" + d.hex(64), "doctl auth init -t §"),
    ("heroku", lambda d: "HRKU-AA" + d.word(58), "password §"),
    ("shopify", lambda d: "shpat_" + d.hex(32), "X-Shopify-Access-Token: §"),
    ("shopify secret", lambda d: "shpss_" + d.hex(32), "SHOPIFY_API_SECRET=§"),
    ("square", lambda d: "sq0atp-" + d.word(22), "Square access: §"),
    ("square secret", lambda d: "sq0csp-" + d.word(43), "Square secret: §"),
    (
        "cloudflare",
        lambda d: "cfut_" + d.word(48),
        'curl -H "Authorization: Bearer §" https://api.cloudflare.com/client/v4/user',
    ),
    ("databricks", lambda d: "dapi" + d.hex(32), "[DEFAULT]\nhost = https://x.cloud.databricks.com\ntoken = §"),
    ("vault", lambda d: "hvs." + d.word(90), "vault login §"),
    ("vault batch", lambda d: "hvb." + d.word(140), "token                §\ntoken_accessor       x"),
    (
        "terraform",
        lambda d: d.word(14) + ".atlasv1." + d.word(67),
        'credentials "app.terraform.io" {\n  token = "§"\n}',
    ),
    ("linear", lambda d: "lin_api_" + d.word(40), "headers: { Authorization: '§' }"),
    ("notion", lambda d: "ntn_" + d.of(DIGITS, 11) + d.word(35), "NOTION=§"),
    ("notion old", lambda d: "secret_" + d.word(43), "const notion = new Client({ auth: '§' })"),
    ("figma", lambda d: "figd_" + d.word(40), "X-Figma-Token: §"),
    ("postman", lambda d: f"PMAK-{d.hex(24)}-{d.hex(34)}", "postman login --with-api-key §"),
    ("grafana", lambda d: f"glsa_{d.word(32)}_{d.hex(8)}", "Bearer §"),
    (
        "grafana cloud",
        lambda d: (
            "glc_" + base64.b64encode(json.dumps({"o": "1", "n": "x", "k": d.word(24)}).encode()).decode().rstrip("=")
        ),
        "GRAFANA=§",
    ),
    ("new relic", lambda d: "NRAK-" + d.of(UPPER + DIGITS, 27), "Api-Key: §"),
    ("sentry", lambda d: "sntrys_eyJ" + d.word(80) + "_" + d.word(43), "SENTRY_AUTH_TOKEN=§"),
    ("sentry user", lambda d: "sntryu_" + d.hex(64), "auth: §"),
    ("sentry dsn", lambda d: d.hex(32), "dsn: 'https://§@o450123.ingest.sentry.io/4501234'"),
    ("age", lambda d: "AGE-SECRET-KEY-1" + d.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58), "# public key: age1x\n§"),
    ("supabase", lambda d: "sbp_" + d.hex(40), "supabase login --token §"),
    ("supabase secret", lambda d: "sb_secret_" + d.word(31), "SUPABASE=§"),
    ("vercel", lambda d: "vcp_" + d.word(56), "vercel deploy --token=§ --prod"),
    ("netlify", lambda d: "nfp_" + d.word(36), "NETLIFY: §"),
    ("jfrog", lambda d: "AKCp" + d.word(69), "curl -H 'X-JFrog-Art-Api: §' https://x.jfrog.io/artifactory"),
    (
        "atlassian",
        lambda d: "ATATT3xFfGF0" + d.word(170) + "=" + d.of(UPPER[:6] + DIGITS, 8),
        "jira.auth = ('anna@example.org', '§')",
    ),
    ("bitbucket", lambda d: "ATBB" + d.word(28) + d.of(UPPER[:6] + DIGITS, 8), "https://anna:§@bitbucket.org/a/b.git"),
    (
        "dynatrace",
        lambda d: f"dt0c01.{d.of(UPPER + DIGITS, 24)}.{d.of(UPPER + DIGITS, 64)}",
        "Authorization: Api-Token §",
    ),
    ("doppler", lambda d: "dp.pt." + d.word(43), "doppler configure set token §"),
    ("planetscale", lambda d: "pscale_tkn_" + d.word(43), "service token: §"),
    ("tailscale", lambda d: f"tskey-auth-k{d.word(11)}CNTRL-{d.word(32)}", "tailscale up --authkey §"),
    ("airtable", lambda d: f"pat{d.word(14)}.{d.hex(64)}", "Airtable = §"),
    ("azure devops", lambda d: d.word(76) + "AZDO" + d.word(4), "az devops login: §"),
    ("entra secret", lambda d: d.of(WORD, 3) + "8Q~" + d.word(34), 'client_credential="§"'),
    ("jwt", lambda d: d.jwt(), "cookie was session=§; Path=/"),
    ("jwt in json", lambda d: d.jwt(), '{"id": 7, "jwt": "§"}'),
    ("jwt in a url", lambda d: d.jwt(), "wss://stream.example.org/?jwt=§"),
    ("jwt in prose", lambda d: d.jwt(), "decode this for me: §."),
    ("buildkite", lambda d: "bkua_" + d.hex(40), "curl -H 'Authorization: Bearer §' https://api.buildkite.com/v2/user"),
    ("sourcegraph", lambda d: "sgp_" + d.hex(40), "src login with §"),
    ("launchdarkly", lambda d: "api-" + d.uuid(), "LaunchDarkly: §"),
    ("gcp refresh", lambda d: "1//0" + d.word(60), '{"type": "authorized_user", "refresh_token": "§"}'),
)

# -- what a name is given ---------------------------------------------------------------------------


def _password(d: Draw) -> str:
    return d.pick(
        "hunter2", "Tr0ub4dor&3", "Fjord-77-moss!", "s3cr3tSauce!", "zwxQ9$kk2", "Vinter2026!", "q1w2e3r4t5"
    ) + d.of(DIGITS, 2)


def _plain_password(d: Draw) -> str:
    return d.pick("hunter", "Winter", "fjordmoss", "Zebra", "Kaffe") + d.of(DIGITS, 3) + d.of(LOWER, 2)


_GIVEN: tuple[tuple[str, Shape, str], ...] = (
    ("env password", _password, "DB_HOST=localhost\nDB_PASSWORD=§\nDB_PORT=5432\n"),
    ("env password word", lambda d: d.of(LOWER, 11), "export PGPASSWORD=§"),
    ("env password quoted", _password, 'MYSQL_ROOT_PASSWORD="§"'),
    ("env in compose", _password, "    environment:\n      - POSTGRES_PASSWORD=§\n      - TZ=UTC"),
    ("compose mapping", _plain_password, "environment:\n  POSTGRES_PASSWORD: §\n  POSTGRES_DB: app"),
    ("yaml password", _plain_password, "database:\n  user: app\n  password: §\n"),
    ("yaml quoted", _password, "  password: '§'"),
    ("json password", _password, '{"username": "anna", "password": "§", "remember": true}'),
    ("json escaped", _plain_password, '"{\\"user\\": \\"anna\\", \\"password\\": \\"§\\"}"'),
    ("json escaped twice", _plain_password, '\\\\\\"password\\\\\\": \\\\\\"§\\\\\\"'),
    ("json with words", lambda d: "correct horse battery " + d.of(LOWER, 7), '{"passphrase": "§"}'),
    ("toml password", _password, '[db]\npassword = "§"'),
    ("ini password", _plain_password, "[mysql]\nuser=root\npassword=§\n"),
    ("properties", _plain_password, "spring.datasource.username=app\nspring.datasource.password=§\n"),
    ("python keyword", _password, 'conn = psycopg.connect(host="db", password="§")'),
    ("python constant", _password, "DB_PASS = '§'"),
    ("python typed", _password, 'admin_password: str = "§"'),
    ("python environ", _password, 'os.environ["SMTP_PASSWORD"] = "§"'),
    ("python dict", _password, "config = {'user': 'x', 'passwd': '§'}"),
    ("js object", _password, 'const db = { user: "x", password: "§" };'),
    ("js compare", _password, 'if (password === "§") { ok() }'),
    ("go", _password, 'password := "§"'),
    ("ruby", _password, "  :password => '§',"),
    ("php", _password, "$dbPassword = '§';"),
    ("php define", _password, "define('DB_PASSWORD', '§');"),
    ("java", _password, 'ds.setPassword("§");'),
    ("xml element", _plain_password, "<server><id>nexus</id><password>§</password></server>"),
    ("xml attribute", _plain_password, '<add key="DbPassword" value="§" />'),
    ("flag", _password, "mysqldump --user=root --password=§ app > app.sql"),
    ("flag spaced", _plain_password, "createuser --username anna --password § --admin"),
    ("flag in list", _plain_password, '["cli", "--password", "§", "--verbose"]'),
    ("mysql p", _plain_password, "mysql -h db -u root -p§ app"),
    ("sshpass", _plain_password, "sshpass -p '§' ssh root@host uptime"),
    ("redis cli", _plain_password, "redis-cli -h cache -a § ping"),
    ("curl user", _plain_password, "curl -u anna:§ https://example.org/api"),
    ("curl user long", _plain_password, 'curl --user "anna:§" -X POST https://example.org'),
    ("docker login", _plain_password, "docker login -u anna -p § registry.example.org"),
    ("netrc", _plain_password, "machine example.org login anna password §"),
    ("netrc lines", _plain_password, "machine example.org\n  login anna\n  password §\n"),
    ("sql", _password, "CREATE USER app WITH PASSWORD '§';"),
    ("sql alter", _password, "ALTER ROLE app PASSWORD '§';"),
    ("sql identified", _plain_password, "CREATE USER 'app'@'%' IDENTIFIED BY '§';"),
    ("prose is", _plain_password, "The password is § and the user is admin."),
    ("prose colon", _plain_password, "Log in with user admin, password: §"),
    ("prose ticks", _plain_password, "the wifi password is `§` by the way"),
    ("ado string", _plain_password, "Server=tcp:x.database.windows.net;User ID=sa;Password=§;Encrypt=True;"),
    ("ado pwd", _plain_password, '"Data Source=.;Initial Catalog=App;uid=sa;pwd=§"'),
    ("jdbc", _plain_password, "jdbc:mysql://db:3306/app?user=root&password=§&useSSL=false"),
    ("libpq", _plain_password, '"host=db user=app password=§ dbname=app sslmode=require"'),
    ("diff", _password, '-    "password": ""\n+    "password": "§"\n'),
    ("diff env", _password, "@@ -1,2 +1,2 @@\n-REDIS_PASSWORD=\n+REDIS_PASSWORD=§\n"),
    ("log", _plain_password, "2026-01-15 09:00:01 DEBUG login attempt user=anna password=§ ip=10.0.0.1"),
    ("kubernetes env", _plain_password, "        - name: DB_PASSWORD\n          value: §\n"),
    ("kubernetes json", _plain_password, '{"name": "DB_PASSWORD", "value": "§"}'),
    ("ansible", _plain_password, "ansible_become_pass: §"),
    ("dockerfile", _password, "ENV DB_PASSWORD=§\nRUN make"),
    ("form", _plain_password, "POST /login\n\nusername=anna&password=§&csrf=1"),
    ("openssl", _plain_password, "openssl pkcs12 -export -out a.p12 -passout pass:§"),
    ("wp salt", lambda d: d.of(WORD + "!@#%^*()_-[]{}|~:,.", 62) + "x1", "define('AUTH_KEY',         '§');"),
    ("aws secret env", lambda d: d.b64(30), "AWS_SECRET_ACCESS_KEY=§"),
    ("aws secret file", lambda d: d.b64(30), "[default]\naws_secret_access_key = §\n"),
    ("aws secret json", lambda d: d.b64(30), '"SecretAccessKey": "§",'),
    ("aws session token", lambda d: d.b64(270), "AWS_SESSION_TOKEN=§"),
    (
        "azure storage",
        lambda d: d.b64(64),
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=§;EndpointSuffix=core.windows.net",
    ),
    (
        "azure bus",
        lambda d: d.b64(32),
        "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=§",
    ),
    (
        "azure sas",
        lambda d: d.word(42) + "%3D",
        "https://x.blob.core.windows.net/c/b?sv=2022-11-02&se=2026-01-01&sr=b&sp=r&sig=§",
    ),
    ("datadog", lambda d: d.hex(32), "DD_API_KEY=§ DD_SITE=datadoghq.eu"),
    ("datadog app", lambda d: d.hex(40), "DD_APPLICATION_KEY: §"),
    ("twilio auth", lambda d: d.hex(32), "TWILIO_AUTH_TOKEN=§"),
    ("heroku uuid", lambda d: d.uuid(), "HEROKU_API_KEY=§"),
    ("cloudflare old", lambda d: d.word(40), "CLOUDFLARE_API_TOKEN=§"),
    ("mailchimp", lambda d: d.hex(32) + "-us12", "MAILCHIMP_API_KEY=§"),
    ("algolia", lambda d: d.hex(32), "algolia: { adminApiKey: '§' }"),
    ("okta", lambda d: "00" + d.word(40), "Authorization: SSWS §"),
    (
        "django",
        lambda d: "django-insecure-" + d.of(LOWER + DIGITS + "!@#$%^&*(-_=+)", 50).replace("(", "x"),
        "SECRET_KEY = '§'",
    ),
    ("flask", lambda d: d.hex(48), 'app.secret_key = "§"'),
    ("rails", lambda d: d.hex(128), "production:\n  secret_key_base: §"),
    ("jwt secret", lambda d: d.word(32), "JWT_SECRET=§"),
    ("oauth secret", lambda d: d.word(40), "client_id=abc&client_secret=§&grant_type=client_credentials"),
    ("webhook secret", lambda d: d.hex(40), '"webhook_secret": "§"'),
    ("encryption key", lambda d: d.b64(32), 'ENCRYPTION_KEY: "§"'),
    ("api key header", lambda d: d.word(40), "X-Api-Key: §"),
    (
        "api key query",
        lambda d: d.hex(32),
        "GET https://api.openweathermap.org/data/2.5/weather?q=Oslo&appid=1&api_key=§",
    ),
    ("api key prose", lambda d: d.word(32), "use api key: § for the staging box"),
    ("api key code", lambda d: d.word(32), 'const apiKey = "§";'),
    ("access token", lambda d: d.word(64), '{"access_token": "§", "token_type": "bearer", "expires_in": 3600}'),
    ("refresh token", lambda d: d.word(64), '"refresh_token":"§"'),
    ("token flag", lambda d: d.word(32), "deploy --token § --env prod"),
    ("token query", lambda d: d.word(32), "https://example.org/download?token=§"),
    ("token yaml", lambda d: d.hex(40), "travis:\n  token: §"),
    ("token is", lambda d: d.word(28), "my token is §, does it work?"),
    ("bearer opaque", lambda d: d.word(40), "Authorization: Bearer §"),
    ("bearer curl", lambda d: d.hex(64), "curl -H 'Authorization: Bearer §' https://example.org"),
    ("bearer alone", lambda d: d.word(48), 'fetch(url, { headers: { h: "Bearer §" } })'),
    ("basic", lambda d: base64.b64encode(f"anna:{d.word(12)}".encode()).decode(), "Authorization: Basic §"),
    ("basic header", lambda d: base64.b64encode(f"svc:{d.word(15)}".encode()).decode(), '-H "Authorization: Basic §"'),
    ("github header", lambda d: d.hex(40), "Authorization: token §"),
    (
        "docker config",
        lambda d: base64.b64encode(f"anna:{d.word(14)}".encode()).decode(),
        '{"auths": {"ghcr.io": {"auth": "§"}}}',
    ),
    (
        "npm auth",
        lambda d: base64.b64encode(f"anna:{d.word(14)}".encode()).decode(),
        "//nexus.example.org/repository/npm/:_auth=§",
    ),
    ("npm uuid", lambda d: d.uuid(), "//registry.example.org/:_authToken=§"),
    ("stem in camel", lambda d: d.word(36), 'stripeSecretKey: "§",'),
    ("private key hex", lambda d: "0x" + d.hex(64), "PRIVATE_KEY=§"),
    ("ssh passphrase", _password, "Enter passphrase: passphrase=§"),
    ("signing key", lambda d: d.b64(32), 'signing_key = "§"'),
    ("license key", lambda d: "-".join(d.of(UPPER + DIGITS, 5) for _ in range(5)), "LICENSE_KEY=§"),
    ("backtick", lambda d: d.word(40), "SLACK_SIGNING_SECRET=`§`"),
    ("helm set", _plain_password, "helm upgrade app ./chart --set postgresql.auth.password=§"),
    ("terraform var", _password, 'variable "x" {}\ndb_password = "§"\n'),
    ("url postgres", _plain_password, "DATABASE_URL=postgres://app:§@db.example.org:5432/app"),
    ("url mongo", _plain_password, "mongodb+srv://app:§@cluster0.mongodb.net/test?retryWrites=true"),
    ("url redis", _plain_password, 'REDIS_URL = "redis://:§@cache:6379/0"'),
    ("url amqp", _plain_password, "amqp://guest2:§@rabbit:5672//"),
    ("url http", _plain_password, "pip install --index-url https://anna:§@pypi.example.org/simple x"),
    ("url slash", lambda d: "p/" + d.word(10), "postgres://app:§@db/app"),
    ("url smtp", _plain_password, "smtps://mailer:§@smtp.example.org:465"),
    ("url git", lambda d: d.word(52), "https://anna:§@dev.azure.com/org/project/_git/repo"),
    ("url ftp", _plain_password, "ftp://backup:§@10.0.0.5/dump.tgz"),
    ("url proxy", _plain_password, "HTTPS_PROXY=http://proxyuser:§@proxy:3128"),
)

# -- blocks -----------------------------------------------------------------------------------------

_BLOCKS: tuple[tuple[str, Shape, str], ...] = (
    ("pem rsa", lambda d: d.pem(), "$ cat key.pem\n§\n$ echo done"),
    ("pem pkcs8", lambda d: d.pem("PRIVATE KEY"), "here it is:\n\n§\n\nthanks"),
    ("pem ec", lambda d: d.pem("EC PRIVATE KEY", lines=2), "§"),
    ("pem openssh", lambda d: d.pem("OPENSSH PRIVATE KEY", lines=6), "-rw------- id_ed25519\n§\n"),
    ("pem encrypted", lambda d: d.pem("ENCRYPTED PRIVATE KEY"), "a\n§\nb"),
    (
        "pem escaped",
        lambda d: d.pem("PRIVATE KEY", end="\\n"),
        '{"type": "service_account", "private_key": "§\\n", "client_email": "x@y.z"}',
    ),
    ("pem escaped twice", lambda d: d.pem("PRIVATE KEY", end="\\\\n"), '"{\\"private_key\\": \\"§\\"}"'),
    ("pem indented", lambda d: d.pem("RSA PRIVATE KEY", lines=4, end="\n    "), "key: |\n    §\nother: 1"),
    ("pem in diff", lambda d: d.pem("RSA PRIVATE KEY", lines=4, end="\n+"), "+§\n unchanged"),
    ("pem cut", lambda d: "\n".join(d.pem().split("\n")[:8]), "§\n[output truncated]"),
    ("pgp", lambda d: d.pem("PGP PRIVATE KEY BLOCK", lines=8), "gpg --export-secret-keys -a\n§\n"),
    ("pem base64", lambda d: base64.b64encode(d.pem(lines=4).encode()).decode(), "    client-key-data: §\n"),
    ("private", lambda d: f"<private>my salary is {d.of(DIGITS, 6)}</private>", "note: § but the rest is fine"),
    ("private lines", lambda d: f"<private>\nline {d.word(8)}\nline {d.word(8)}\n</private>", "before\n§\nafter"),
    ("private nested", lambda d: f"<private>a <private>{d.word(8)}</private> b {d.word(8)}</private>", "x § y"),
    ("private open", lambda d: f"<private>everything from here {d.word(12)}\nand on", "public part §"),
    ("private upper", lambda d: f"<PRIVATE>{d.word(12)}</Private>", "a § b"),
)

SECRETS: tuple[Case, ...] = tuple(_case(name, context, shape) for name, shape, context in (*_TOKENS, *_GIVEN, *_BLOCKS))


# -- look-alikes ------------------------------------------------------------------------------------


def _look_alikes() -> Iterator[Case]:
    def of(name: str, text: str | Shape) -> Case:
        return Case(name, text if isinstance(text, str) else text(Draw(name)))

    hashes: tuple[tuple[str, int, str], ...] = (
        ("git log", 40, "commit §\nAuthor: Anna <anna@example.org>"),
        ("git short", 12, "HEAD is now at § Fix the parser"),
        ("git index", 40, "index §..§ 100644"),
        ("sha256sum", 64, "§  agent_memory-0.1.0.tar.gz"),
        ("docker digest", 64, "image: nginx@sha256:§"),
        ("docker id", 12, "CONTAINER ID   IMAGE\n§   postgres:16"),
        ("pip hash", 64, "requests==2.32.3 \\\n    --hash=sha256:§"),
        ("poetry lock", 64, '    {file = "attrs-23.1.0-py3-none-any.whl", hash = "sha256:§"},'),
        ("md5", 32, "MD5 (file.iso) = §"),
        ("etag", 32, 'ETag: "§"'),
        ("content hash", 20, "main.§.js   142 kB"),
        ("cache key", 64, "key: Linux-pip-§"),
        ("cache key code", 40, 'cache_key = "§"'),
        ("public key", 64, 'public_key = "§"'),
        ("idempotency", 32, "Idempotency-Key: §"),
        ("trace", 32, '{"trace_id": "§", "span_id": "aab1c2d3e4f50617"}'),
        ("cargo lock", 64, 'checksum = "§"'),
        ("go sum", 40, "golang.org/x/text v0.3.7-0.20220101-§ // indirect"),
        ("nix", 52, "/nix/store/§-hello-2.12"),
        ("primary key", 32, "primary_key: §"),
        ("sort key", 24, '"sort_key": "§"'),
        ("s3 key", 32, '"Key": "uploads/2026/§.png"'),
        ("next page", 40, '"next_page_token": "§"'),
        ("continuation", 40, 'nextToken: "§"'),
        ("hex colour", 6, ".btn { color: #§; background: #§ }"),
        ("tx", 64, "tx 0x§ confirmed"),
        ("blob", 40, "100644 blob §\tsrc/secret_rules.py"),
        ("password hash name", 64, "password_hash = sha256(§)"),
        ("layer", 64, "sha256:§: Pull complete"),
        ("build id", 40, "BuildID[sha1]=§, for GNU/Linux 3.2.0"),
    )
    for name, size, context in hashes:
        drawn = Draw(name)
        text = context
        while X in text:
            text = text.replace(X, drawn.hex(size), 1)
        yield Case(name, text)
    uuids = (
        "session_id: §",
        '{"id": "§", "parentUuid": "§"}',
        "GET /v1/users/§/tokens 200",
        "rollout-2026-01-15T09-00-00-§.jsonl",
        "request id §",
        "tenant § has no subscription",
        '"token_id": "§"',
        '"key_id": "§"',
        "~/.claude/projects/app/§.jsonl",
        "arn:aws:kms:eu-north-1:111122223333:key/§",
        "PRIMARY KEY § is duplicated",
        "uuid.UUID('§')",
    )
    for number, context in enumerate(uuids):
        drawn = Draw(f"uuid {number}")
        text = context
        while X in text:
            text = text.replace(X, drawn.uuid(), 1)
        yield Case(f"uuid {number}", text)
    encoded: tuple[tuple[str, Shape], ...] = (
        ("png", lambda d: f"![x](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{d.b64(900)})"),
        ("jpeg", lambda d: '{"type":"image","data":"/9j/4AAQSkZJRgABAQ' + d.b64(1500) + '"}'),
        ("font", lambda d: f"src: url(data:font/woff2;base64,d09GMgABAAAAA{d.b64(800)}) format('woff2')"),
        ("source map", lambda d: "//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjoz" + d.b64(600)),
        ("gzip", lambda d: "H4sIAAAAAAAAA" + d.b64(700)),
        ("pdf", lambda d: "JVBERi0xLjQK" + d.b64(700)),
        ("certificate", lambda d: d.pem("CERTIFICATE")),
        ("public pem", lambda d: d.pem("PUBLIC KEY", lines=6)),
        ("pgp message", lambda d: d.pem("PGP SIGNATURE", lines=6)),
        ("ssh public", lambda d: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" + d.of(B64, 44) + " anna@laptop"),
        ("ssh rsa public", lambda d: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB" + d.of(B64, 300) + " anna@laptop"),
        (
            "known hosts",
            lambda d: "|1|" + d.b64(20) + "|" + d.b64(20) + " ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNo" + d.of(B64, 90),
        ),
        (
            "certificate data",
            lambda d: "    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk" + d.b64(400),
        ),
        ("integrity", lambda d: f'"integrity": "sha512-{d.b64(64)}",'),
        ("yarn", lambda d: f"  integrity sha512-{d.b64(64)}"),
        ("go sum base64", lambda d: f"github.com/pkg/errors v0.9.1 h1:{d.b64(32)}"),
        ("sri", lambda d: f'<script src="x.js" integrity="sha384-{d.b64(48)}" crossorigin="anonymous">'),
        ("protobuf", lambda d: "descriptor = b'" + d.b64(300) + "'"),
        ("embedding", lambda d: str([round(int(d.of(DIGITS, 5)) / 1e5, 5) for _ in range(60)])),
        ("ulid", lambda d: f"event 01{d.of('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)} recorded"),
        ("ulids", lambda d: "\n".join(f"grip/01{d.of('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}/2" for _ in range(5))),
        ("nanoid", lambda d: f"toolu_01{d.word(22)}"),
        ("call id", lambda d: f'{{"tool_use_id": "toolu_01{d.word(22)}", "type": "tool_result"}}'),
        ("openai call", lambda d: f'"call_id": "call_{d.word(24)}"'),
        ("request", lambda d: f"request-id: req_01{d.word(22)}"),
        ("message", lambda d: f'"id":"msg_01{d.word(22)}","model":"claude"'),
        ("stripe public", lambda d: f'Stripe("pk_live_{d.word(24)}")'),
        ("stripe object", lambda d: f"charge ch_3{d.word(23)} by cus_{d.word(14)}"),
        ("twilio sid", lambda d: f"Account AC{d.hex(32)}"),
        ("bcrypt round", lambda d: "cost 12, 60 characters, e.g. $2b$12$ and 53 more"),
        (
            "minified",
            lambda d: (
                "!function(e,t){"
                + "".join(f"var {d.of(LOWER, 2)}=e.{d.of(LOWER, 6)}(t,{d.of(DIGITS, 3)});" for _ in range(60))
                + "}(window);"
            ),
        ),
        (
            "minified keys",
            lambda d: "".join(
                f'{{key:"{d.of(LOWER, 7)}",token:{d.of(LOWER, 1)}.token,pass:{d.of(LOWER, 1)}}},' for _ in range(30)
            ),
        ),
        (
            "hex dump",
            lambda d: "\n".join(f"0000{n:04x}: " + " ".join(d.hex(4) for _ in range(8)) for n in range(0, 160, 16)),
        ),
        ("assembly", lambda d: "\n".join(f"  4{d.hex(5)}:\t48 89 e5 \tmov %rsp,%rbp" for _ in range(6))),
        ("mangled", lambda d: "_ZN4core3fmt9Formatter9write_str17h" + d.hex(16) + "E"),
        ("class names", lambda d: " ".join(f".css-{d.of(LOWER + DIGITS, 7)}-MuiButton-root" for _ in range(8))),
        ("phone", lambda d: "+47 22 " + d.of(DIGITS, 6)),
        ("iban", lambda d: "NO93 8601 1117 947"),
        ("numbers", lambda d: "1" + d.of(DIGITS, 60)),
        ("mac", lambda d: ":".join(d.hex(2) for _ in range(6))),
        ("ipv6", lambda d: "2001:db8:" + ":".join(d.hex(4) for _ in range(6))),
        ("vector id", lambda d: f"vec_{d.word(20)}"),
        ("youtube", lambda d: f"https://youtu.be/{d.word(11)}"),
        ("drive", lambda d: f"https://docs.google.com/document/d/1{d.word(43)}/edit"),
        ("figma file", lambda d: f"https://www.figma.com/file/{d.word(22)}/Design"),
        ("notion page", lambda d: f"https://www.notion.so/Plan-{d.hex(32)}"),
        ("gist", lambda d: f"https://gist.github.com/anna/{d.hex(32)}"),
        ("jira", lambda d: "PROJ-1234: rotate the signing key before 2026-02-01"),
    )
    for name, shape in encoded:
        yield of(name, shape)
    plain = {
        "prose password": "Please reset your password; the password must have at least 12 characters and a digit.",
        "prose passwords": "Passwords are hashed with argon2id and never stored in the clear.",
        "prose token": "The token expires after 3600 seconds, so refresh the token before each call.",
        "prose key": "The key is to keep the interpreter out of hot loops. Keys are 32 bytes, big-endian.",
        "prose secret": "There is no secret: measure first. The secret is stored in the vault.",
        "prose authorization": "Authorization: requests need a bearer token; see docs/auth.md#tokens.",
        "prose basic": "Basic authentication is on, Bearer authentication is off.",
        "prose required": "Password: required. Token: optional.",
        "prose is wrong": "The password is wrong. The token is expired. The api key is missing.",
        "prose changed": "the password was changed in commit 3f2a9c1",
        "test name": "def test_password_reset_token_expires_after_24_hours(self): ...",
        "test names": "tests/unit/test_tokens.py::test_a_token_of_4096_characters_is_refused PASSED",
        "test camel": "it('rejects passwordWithout1Digit', async () => {})",
        "env lookup": 'api_key = os.environ["OPENAI_API_KEY"]',
        "env get": 'password = os.getenv("DB_PASSWORD", "")',
        "env node": "const token = process.env.GITHUB_TOKEN;",
        "env vite": "apiKey: import.meta.env.VITE_FIREBASE_API_KEY,",
        "env shell": 'curl -H "Authorization: Bearer $TOKEN" https://example.org',
        "env braces": 'PASSWORD="${DB_PASSWORD}"',
        "env default": "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it}",
        "env actions": "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}",
        "env empty": "DB_PASSWORD=\nAPI_KEY=\nSECRET_KEY=''\n",
        "env windows": "set TOKEN=%GITHUB_TOKEN%",
        "env powershell": '$headers = @{ Authorization = "Bearer $env:TOKEN" }',
        "env subshell": "export TOKEN=$(gcloud auth print-access-token)",
        "placeholder your": "OPENAI_API_KEY=your-api-key-here",
        "placeholder sk": 'ANTHROPIC_API_KEY="sk-ant-..."',
        "placeholder sk x": "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "placeholder ghp": "GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "placeholder angle": "token: <your token>",
        "placeholder angle url": "postgres://<user>:<password>@<host>/db",
        "placeholder url": "postgres://user:password@localhost:5432/db",
        "placeholder url env": "https://${USER}:${TOKEN}@github.com/a/b.git",
        "placeholder url stars": "postgres://app:***@db:5432/app",
        "placeholder changeme": "MYSQL_PASSWORD=changeme",
        "placeholder stars": "password: ********",
        "placeholder dots": '"password": "••••••••"',
        "placeholder upper": "API_KEY=YOUR_API_KEY",
        "placeholder insert": 'secret = "insert-secret-here"',
        "placeholder template": "password: {{ .Values.postgresql.password }}",
        "placeholder jinja": "token: {{ vault_token }}",
        "placeholder json": '{"apiKey": "<API_KEY>", "password": "string"}',
        "placeholder redacted": "password=[redacted: password] token=[redacted: github-token]",
        "placeholder redacted upper": "Authorization: Bearer [REDACTED]",
        "placeholder hidden": "AWS_SECRET_ACCESS_KEY=***hidden***",
        "placeholder none": "password=None, token=null, secret=undefined",
        "placeholder file": "password_file: /run/secrets/db_password",
        "placeholder path": "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password",
        "placeholder op": "DB_PASSWORD=op://vault/db/password",
        "placeholder arn": "secret: arn:aws:secretsmanager:eu-north-1:111122223333:secret:db-AbCdEf",
        "code call": "password = get_password(user, prompt=True)",
        "code prompt": 'password = getpass.getpass("Password: ")',
        "code param": "def connect(host: str, password: str, token: str | None = None) -> Connection:",
        "code keyword": "client = Client(api_key=api_key, token=token, password=password)",
        "code attribute": "self.token = config.token\nself.password = settings.DB_PASSWORD",
        "code ts type": "interface Login { password: string; token?: string; apiKey: string }",
        "code ts zod": "const schema = z.object({ password: z.string().min(8), token: z.string() })",
        "code go": 'type Config struct {\n\tPassword string `json:"password"`\n\tToken    string `yaml:"token"`\n}',
        "code rust": "pub struct Auth { pub password: SecretString, pub token: Option<String> }",
        "code java": "private String password; public void setPassword(String password) { this.password = password; }",
        "code sql": "CREATE TABLE users (id uuid PRIMARY KEY, password_hash text NOT NULL, api_key_id uuid)",
        "code sql key": "FOREIGN KEY (user_id) REFERENCES users (id), UNIQUE KEY idx_token (token_hash)",
        "code html": '<input type="password" name="password" placeholder="Password" autocomplete="current-password">',
        "code label": '<label for="password">Password</label>',
        "code react": "items.map((item) => <Row key={item.id} token={item.token} />)",
        "code react key": '<Route key="settings-page-2" path="/settings" />',
        "code compare": 'if token == "":\n    raise ValueError("token is empty")',
        "code token": "token = tokens[i + 1]; if (token.type === TokenType.Identifier) next();",
        "code tokenizer": 'tokenizer = "o200k_base"; max_tokens=4096, eos_token="<|endoftext|>"',
        "code usage": '"usage": {"input_tokens": 1204, "output_tokens": 88, "cache_read_input_tokens": 51200}',
        "code key": 'for key, value in mapping.items(): print(f"{key}={value}")',
        "code key string": 'data["primary_key"] = "user_id"; sort_key = "created_at"',
        "code key press": 'if (event.key === "Escape" || e.key == "ArrowDown") close()',
        "code shortcut": '{"key": "ctrl+shift+p", "command": "workbench.action.showCommands"}',
        "code auth": 'auth: { type: "oauth2", provider: "github" }',
        "code auth import": "from google.auth.transport.requests import AuthorizedSession",
        "code css": "input[type=password] { border: 1px solid #c0ffee; }",
        "code regex": r'PASSWORD = re.compile(r"(?=.*[A-Z])(?=.*\d).{12,}")',
        "code pem constant": 'if "-----BEGIN RSA PRIVATE KEY-----" in x or "-----BEGIN PRIVATE KEY-----" in x: warn()',
        "code pem placeholder": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "code enum": "enum Field { PASSWORD = 'password', TOKEN = 'token', API_KEY = 'api_key' }",
        "code const": 'const PASSWORD_FIELD = "password_field"; const TOKEN_HEADER = "x-auth-token";',
        "code i18n": '"login.password": "Password", "login.forgotPassword": "Forgot your password?"',
        "code error": '{"error": "invalid_token", "error_description": "The access token expired"}',
        "code scope": '"token_type": "Bearer", "scope": "repo:status read:org"',
        "code fixture": "password: 'password'",
        "code dict": "headers = {'Authorization': f'Bearer {token}', 'X-Api-Key': api_key}",
        "code rails": "params.require(:user).permit(:email, :password, :password_confirmation)",
        "code makefile": "SECRETS := $(shell find . -name '*.secret')",
        "code kubectl": "kubectl create secret generic db --from-file=password=./password.txt",
        "code secret ref": "valueFrom:\n  secretKeyRef:\n    name: db-credentials\n    key: postgres-password",
        "code secret name": "secretName: wildcard-tls-2026\nimagePullSecrets:\n- name: regcred",
        "code helm": "existingSecret: my-release-postgresql",
        "code private": 'the tag `<private>` hides what stands in it, as does "<private>"',
        "code private java": "private final List<Private> secrets = new ArrayList<>();",
        "code openapi": "securitySchemes:\n  ApiKeyAuth:\n    type: apiKey\n    in: header\n    name: X-API-Key",
        "code version": 'keyring = "^25.2.1"\ntoken-bucket = "0.3.0"\npassport = "0.7.0"',
        "code passes": "passed=142 failed=0 bypass=true compass=north12",
        "code monkey": 'monkey = "banana42"; turkey: 12; keyboard = "qwerty12"',
        "code author": 'author = "Anna Berg"; authors: ["x1y2"], authority = "example.org:443"',
        "code secretary": "secretary: Anna2; tokens: 4096; keys: 128; credits: 12",
        "code git url": "git@github.com:acme/app.git https://github.com/acme/app.git ssh://git@host:22/acme/app",
        "code npm scope": "https://registry.npmjs.org/@scope/pkg/-/pkg-1.2.3.tgz",
        "code url at": "http://localhost:8080/@vite/client?t=1700000000 https://medium.com/@anna/post-1a2b3c4d5e6f",
        "code mail": "mailto:anna@example.org?subject=password",
        "code ports": "http://127.0.0.1:7433/health tcp://0.0.0.0:5432",
        "code curl": 'curl -u "$USER:$PASSWORD" https://example.org',
        "code mysql": "mysql -u root -p app < dump.sql",
        "code mysql port": "mysql --port 3306 -h db",
        "code ssh": "ssh -p 2222 root@host; docker run -p 8080:80 nginx",
        "code flag": "agent-memory redact --test --token-file ~/.token",
        "code flag names": "usage: cli [--password PASSWORD] [--token TOKEN] [--api-key KEY]",
        "code lorem": "x" * 3000 + " " + "=" * 300 + " " + "-" * 500,
        "code snake": "a_very_long_identifier_name_without_any_secret_in_it_at_all_2",
        "code module": "agent_memory.capture.importing.reading.Reading._records_of_a_file_v2",
        "code path": "/home/anna/src/agent-memory/tests/data/secrets/corpus.py:214: AssertionError",
        "code kebab": "my-feature-branch-for-issue-1234-add-token-support-v2",
        "code s3": "s3://acme-artifacts-eu-north-1/builds/2026-01-15/agent-memory-0.1.0-py3-none-any.whl",
        "code emoji": "🔑 password 🔒 token — naïve café, 密码: 必填",
        "code nginx": "ssl_certificate_key /etc/nginx/ssl/example.key;",
        "code sshd": "PasswordAuthentication no\nPubkeyAuthentication yes\nAuthorizedKeysFile .ssh/authorized_keys",
        "code aws profile": "aws s3 ls --profile prod-admin-2",
        "code license": "SPDX-License-Identifier: Apache-2.0",
        "code feature": "feature_flag_key: new-checkout-2026",
        "code idp": "client_id: 0oa1b2c3d4E5F6g7h8i9",
        "code translation": 'translation_key = "settings.security.password.reset2"',
        "code object key": 'ObjectKey="reports/2026-01/daily-report-15.csv"',
        "code hotkey": "hotkey: ctrl-alt-7, keymap: emacs24",
        "code public": 'publicKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"',
        "code vapid": "partition_key = tenant#42#2026-01-15T09",
        "code schema": '{"password": {"type": "string", "minLength": 12}, "token": {"type": "string"}}',
        "code help": "error: --password requires a value (see --help)",
        "code log": "INFO auth: user anna logged in, token refreshed, 2 keys rotated, password unchanged",
        "code sentence": "Set the environment variable API_KEY to the key that the console shows.",
    }
    for name, text in plain.items():
        yield Case(name, text)


LOOK_ALIKES: tuple[Case, ...] = tuple(_look_alikes())
