"""Tokens of providers, bare: nothing beside them says what they are."""

from __future__ import annotations

from tests.data.secrets.third.making import ALNUM, BASE64, HEX, UPPER, URLSAFE, Made

_made = Made("providers")
some, jwt = _made.some, _made.jwt

FORMS = {
    "openai project": "sk-proj-" + some(URLSAFE, 74) + "T3BlbkFJ" + some(URLSAFE, 74),
    "openai old": "sk-" + some(ALNUM, 20) + "T3BlbkFJ" + some(ALNUM, 20),
    "openai service account": "sk-svcacct-" + some(URLSAFE, 74) + "T3BlbkFJ" + some(URLSAFE, 74),
    "anthropic": "sk-ant-api03-" + some(URLSAFE, 93) + "AA",
    "anthropic admin": "sk-ant-admin01-" + some(URLSAFE, 93) + "AA",
    "openrouter": "sk-or-v1-" + some(HEX, 64),
    "github fine grained": "github_pat_" + some(ALNUM, 22) + "_" + some(ALNUM, 59),
    "github oauth": "gho_" + some(ALNUM, 36),
    "github refresh": "ghr_" + some(ALNUM, 36),
    "gitlab runner": "glrt-" + some(URLSAFE, 20),
    "gitlab runner registration": "GR1348941" + some(URLSAFE, 20),
    "gitlab deploy": "gldt-" + some(URLSAFE, 20),
    "gitlab ci job": "glcbt-" + some(HEX, 2) + "_" + some(URLSAFE, 20),
    "slack bot": "xoxb-" + some("123456789", 12) + "-" + some("123456789", 13) + "-" + some(ALNUM, 24),
    "slack app": "xapp-1-A" + some(UPPER, 10) + "-" + some("123456789", 13) + "-" + some(HEX, 64),
    "slack webhook": "https://hooks.slack.com/services/T"
    + some(UPPER, 8)
    + "/B"
    + some(UPPER, 10)
    + "/"
    + some(ALNUM, 24),
    "discord webhook": "https://discord.com/api/webhooks/" + some("123456789", 18) + "/" + some(URLSAFE, 68),
    "discord bot": "MTA" + some(ALNUM, 21) + ".G" + some(ALNUM, 5) + "." + some(URLSAFE, 38),
    "telegram": some("123456789", 10) + ":AA" + some(URLSAFE, 33),
    "stripe test": "sk_test_51" + some(ALNUM, 97),
    "stripe restricted": "rk_live_" + some(ALNUM, 24),
    "stripe webhook": "whsec_" + some(ALNUM, 32),
    "sendgrid": "SG." + some(URLSAFE, 22) + "." + some(URLSAFE, 43),
    "mailgun": "key-" + some(HEX, 32),
    "mailchimp": some(HEX, 32) + "-us12",
    "twilio key": "SK" + some(HEX, 32),
    "huggingface": "hf_" + some(ALNUM, 34),
    "digitalocean": "dop_v1_" + some(HEX, 64),
    "newrelic": "NRAK-" + some(UPPER, 27),
    "linear": "lin_api_" + some(ALNUM, 40),
    "notion": "ntn_" + some(ALNUM, 46),
    "shopify": "shpat_" + some(HEX, 32),
    "square": "sq0csp-" + some(URLSAFE, 43),
    "atlassian": "ATATT3xFfGF0" + some(URLSAFE, 172) + "=" + some(UPPER, 8),
    "doppler": "dp.pt." + some(ALNUM, 43),
    "pulumi": "pul-" + some(HEX, 40),
    "databricks": "dapi" + some(HEX, 32),
    "grafana": "glsa_" + some(ALNUM, 32) + "_" + some(HEX, 8),
    "sentry": "sntryu_" + some(HEX, 64),
    "planetscale": "pscale_tkn_" + some(URLSAFE, 43),
    "supabase": "sbp_" + some(HEX, 40),
    "supabase secret": "sb_secret_" + some(URLSAFE, 31),
    "groq": "gsk_" + some(ALNUM, 52),
    "replicate": "r8_" + some(ALNUM, 37),
    "perplexity": "pplx-" + some(ALNUM, 48),
    "xai": "xai-" + some(ALNUM, 80),
    "figma": "figd_" + some(URLSAFE, 40),
    "airtable": "pat" + some(ALNUM, 14) + "." + some(HEX, 64),
    "rubygems": "rubygems_" + some(HEX, 48),
    "terraform cloud": some(ALNUM, 14) + ".atlasv1." + some(ALNUM, 67),
    "docker hub": "dckr_pat_" + some(URLSAFE, 27),
    "tailscale": "tskey-auth-" + some(ALNUM, 12) + "-" + some(ALNUM, 32),
    "postman": "PMAK-" + some(HEX, 24) + "-" + some(HEX, 34),
    "netlify": "nfp_" + some(ALNUM, 36),
    "fly": "FlyV1 fm2_" + some(BASE64, 200),
    "circleci": "CCIPAT_" + some(ALNUM, 22) + "_" + some(HEX, 40),
    "cloudflare origin ca": "v1.0-" + some(HEX, 24) + "-" + some(HEX, 146),
    "buildkite": "bkua_" + some(HEX, 40),
    "jfrog": "AKCp" + some(ALNUM, 69),
    "mapbox secret": "sk.eyJ1Ijoi" + some(ALNUM, 60) + "." + some(URLSAFE, 22),
    "brevo": "xkeysib-" + some(HEX, 64) + "-" + some(ALNUM, 16),
    "google oauth": "ya29.a0" + some(URLSAFE, 160),
    "aws key id": "AKIA" + some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "vault batch": "hvb." + some(URLSAFE, 138),
    "facebook": "EAACEdEose0cBA" + some(ALNUM, 80),
    "fcm": "AAAA" + some(URLSAFE, 7) + ":APA91b" + some(URLSAFE, 134),
    "jwt": jwt(),
    "plaid": "access-production-"
    + some(HEX, 8)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 12),
    "render": "rnd_" + some(ALNUM, 28),
    "easypost": "EZAK" + some(ALNUM, 54),
    "langsmith": "lsv2_pt_" + some(HEX, 32) + "_" + some(HEX, 10),
    "tavily": "tvly-" + some(ALNUM, 32),
    "pinecone": "pcsk_" + some(ALNUM, 6) + "_" + some(ALNUM, 63),
    "voyage": "pa-" + some(URLSAFE, 43),
    "azure devops": some(ALNUM, 76) + "AZDO" + some(ALNUM, 4),
    "okta in its header": "SSWS 00" + some(URLSAFE, 40),
    "nvidia": "nvapi-" + some(URLSAFE, 64),
    "fireworks": "fw_" + some(ALNUM, 24),
    "dropbox short lived": "sl." + some(URLSAFE, 135),
    "typeform": "tfp_" + some(ALNUM, 44) + "_" + some(ALNUM, 14),
    "hashicorp old vault": "s." + some(ALNUM, 24),
    "lark webhook": "https://open.feishu.cn/open-apis/bot/v2/hook/"
    + some(HEX, 8)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 4)
    + "-"
    + some(HEX, 12),
    "teams webhook": "https://shop.webhook.office.com/webhookb2/"
    + "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12))
    + "@"
    + "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12))
    + "/IncomingWebhook/"
    + some(HEX, 32)
    + "/"
    + "-".join(some(HEX, n) for n in (8, 4, 4, 4, 12)),
}
_AROUND = ("Use {} for the test.", "$ print-it\n{}\n", '["{}"]', "note ({}) done", "see '{}',", "\x1b[1m{}\x1b[0m")
HIDDEN = {
    "slack webhook": 24,
    "discord webhook": 60,
    "teams webhook": 32,
    "lark webhook": 30,
    "okta in its header": 40,
    "fly": 190,
}


def _secret(name: str, token: str) -> str:
    return token[-HIDDEN[name] :] if name in HIDDEN else token


CASES: list[tuple[str, object, tuple[str, ...]]] = [
    (f"bare {name}", _AROUND[at % len(_AROUND)].format(token), (_secret(name, token),))
    for at, (name, token) in enumerate(FORMS.items())
]
# in places where a token is no ordinary value
CASES += [
    (
        "token as a key of an object",
        {"cache": {FORMS["stripe restricted"]: {"hits": 3}}},
        (FORMS["stripe restricted"],),
    ),
    ("token in a path", f"/tmp/{FORMS['github oauth']}/out.txt", (FORMS["github oauth"],)),
    ("token after an underscore", f"backup_{FORMS['slack bot']}.tar", (FORMS["slack bot"],)),
    ("token in an html comment", f"<!-- {FORMS['sendgrid']} -->", (FORMS["sendgrid"],)),
    ("token with a full stop", f"It was {FORMS['huggingface']}.", (FORMS["huggingface"],)),
    (
        "two tokens in a row",
        f"{FORMS['gitlab deploy']},{FORMS['gitlab runner']}",
        (FORMS["gitlab deploy"], FORMS["gitlab runner"]),
    ),
    (
        "a password under its key",
        {"tool_input": {"login": {"user": "x", "password": "Hazel Dormouse 3"}}},
        ("Hazel Dormouse 3",),
    ),
    ("a number as a pin under its key", {"card": {"password": 83920147}}, ("83920147",)),
    ("a list under its key", {"passwords": ["Lichen-1-Rock", "Lichen-2-Rock"]}, ("Lichen-1-Rock", "Lichen-2-Rock")),
    ("an env object", {"env": {"PATH": "/usr/bin", "SHOP_DB_PASS": "Walnut&Shell5"}}, ("Walnut&Shell5",)),
    ("a command as argv", {"command": ["mysql", "-u", "root", "-pMagpie77nest", "shop"]}, ("Magpie77nest",)),
    (
        "a flag and its value in argv",
        {"command": ["deploy", "--token", (_v := some(ALNUM, 28)), "--env", "prod"]},
        (_v,),
    ),
    ("headers object", {"headers": {"Authorization": "Bearer " + (_w := some(ALNUM, 40)), "Accept": "*/*"}}, (_w,)),
    (
        "output in two pieces",
        {
            "content": [
                {"type": "text", "text": "API_KEY=" + FORMS["groq"][:30]},
                {"type": "text", "text": FORMS["groq"][30:] + "\nPORT=1"},
            ]
        },
        (FORMS["groq"][8:30], FORMS["groq"][30:]),
    ),
    ("output in lines", {"lines": ["DB_PASSWORD=Sorrel-Leaf-2", "PORT=1"]}, ("Sorrel-Leaf-2",)),
    (
        "a key in lines",
        {
            "lines": [
                "-----BEGIN PRIVATE KEY-----",
                (_x := some(BASE64, 64)),
                (_y := some(BASE64, 64)),
                "-----END PRIVATE KEY-----",
            ]
        },
        (_x, _y),
    ),
]
