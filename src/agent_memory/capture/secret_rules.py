"""What secrets look like: the table that `redaction` reads.

A *token* is a secret that tells by its own form what it is. A row has the kind, the beginnings that its
issuer documents, what follows a beginning, and where that is documented. What follows is text, compiled
when a beginning was met; every repetition in it is bounded or possessive, so that no text takes more than
linear time. Most issuers document a beginning and a length of today and ask not to rely on the length:
rows ask for somewhat less and allow more.

Other secrets are told by what stands before them (`PASSWORD=`, `"api_key":`, `Authorization:`). Their
names are here; what of their values is a secret, `_values` judges.

Data only, and strings: the process of a hook imports this.
"""

from __future__ import annotations

# What may follow a token's beginning; the boundary behind is added by whoever compiles it.
_WORD = "[A-Za-z0-9]"
_BASE64URL = "[A-Za-z0-9_-]"
_HEX = "[0-9a-fA-F]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"

TOKENS: tuple[tuple[str, str, str, str], ...] = (
    # -- clouds
    (
        "aws-access-key",
        "AKIA ASIA ABIA ACCA",
        "[A-Z0-9]{16}",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ),
    ("aws-bedrock-key", "ABSK", "[A-Za-z0-9+/]{100,300}+={0,2}", "https://docs.aws.amazon.com/bedrock/"),
    ("google-api-key", "AIza", f"{_BASE64URL}{{35}}", "https://cloud.google.com/docs/authentication/api-keys"),
    ("google-api-key", "AQ.Ab", f"{_BASE64URL}{{30,200}}+", "https://ai.google.dev/gemini-api/docs/api-key"),
    (
        "google-oauth-secret",
        "GOCSPX-",
        f"{_BASE64URL}{{24,40}}+",
        "https://developers.google.com/identity/protocols/oauth2",
    ),
    (
        "google-oauth-token",
        "ya29.",
        f"{_BASE64URL}{{30,2048}}+",
        "https://cloud.google.com/docs/authentication/token-types",
    ),
    ("alibaba-access-key", "LTAI", f"{_WORD}{{16,24}}+", "https://www.alibabacloud.com/help/en/ram/"),
    ("tencent-secret-id", "AKID", f"{_WORD}{{32}}", "https://www.tencentcloud.com/document/product/598"),
    ("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", f"{_HEX}{{64}}", "https://docs.digitalocean.com/reference/api/"),
    ("heroku-key", "HRKU-", f"{_BASE64URL}{{36,100}}+", "https://devcenter.heroku.com/articles/authentication"),
    (
        "vercel-token",
        "vcp_ vci_ vca_ vcr_ vck_",
        f"{_WORD}{{24,100}}+",
        "https://vercel.com/changelog/new-token-formats-and-secret-scanning",
    ),
    ("netlify-token", "nfp_ nfc_ nfo_ nfu_", f"{_WORD}{{36,60}}+", "https://docs.netlify.com/api/get-started/"),
    (
        "cloudflare-token",
        "cfk_ cfut_ cfat_",
        f"{_WORD}{{40,60}}+",
        "https://developers.cloudflare.com/fundamentals/api/get-started/token-formats",
    ),
    (
        "cloudflare-token",
        "v1.0-",
        f"{_HEX}{{24}}-{_HEX}{{146}}",
        "https://developers.cloudflare.com/fundamentals/api/get-started/ca-keys/",
    ),
    ("fly-token", "fo1_", f"{_BASE64URL}{{43}}", "https://fly.io/docs/security/tokens/"),
    ("fly-token", "fm1r_ fm2_ fm1a_", "[A-Za-z0-9+/_-]{50,4096}+={0,3}", "https://fly.io/docs/security/tokens/"),
    ("supabase-key", "sbp_", f"(?:v0_)?{_HEX}{{40}}", "https://supabase.com/docs/guides/api/api-keys"),
    ("supabase-key", "sb_secret_", f"{_BASE64URL}{{22,60}}+", "https://supabase.com/docs/guides/api/api-keys"),
    ("neon-key", "napi_", f"{_WORD}{{40,80}}+", "https://neon.com/docs/manage/api-keys"),
    (
        "planetscale-token",
        "pscale_tkn_ pscale_pw_ pscale_oauth_",
        "[A-Za-z0-9_.-]{30,64}+",
        "https://planetscale.com/docs/api/reference/service-tokens",
    ),
    ("databricks-token", "dapi", f"{_HEX}{{32}}(?:-\\d)?", "https://docs.databricks.com/aws/en/dev-tools/auth/pat"),
    ("databricks-token", "dose dkea", f"{_HEX}{{32}}", "https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m"),
    # -- code and packages
    (
        "github-token",
        "ghp_ gho_ ghu_ ghs_ ghr_",
        "[A-Za-z0-9_.-]{36,1024}+",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
    ),
    (
        "github-token",
        "github_pat_",
        "[A-Za-z0-9_]{59,255}+",
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
    ),
    (
        "gitlab-token",
        "glpat- gldt- glrt- glrtr- glptt- glft- glsoat- glcbt- glimt- glagent- gloas- glffct- glwt- GR1348941",
        "[A-Za-z0-9_.-]{20,400}+",
        "https://docs.gitlab.com/security/tokens/",
    ),
    (
        "bitbucket-token",
        "ATBB",
        f"{_WORD}{{28,64}}+",
        "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/",
    ),
    (
        "atlassian-token",
        "ATATT3x ATCTT3x",
        f"{_BASE64URL}{{60,400}}+(?:={_HEX}{{8}})?",
        "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/",
    ),
    ("npm-token", "npm_", f"{_WORD}{{36,60}}+", "https://docs.npmjs.com/about-access-tokens"),
    (
        "pypi-token",
        "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw",
        f"{_BASE64URL}{{40,1000}}+",
        "https://pypi.org/help/#apitoken",
    ),
    ("rubygems-key", "rubygems_", f"{_HEX}{{48}}", "https://guides.rubygems.org/api-key-scopes/"),
    ("crates-token", "cio", f"{_WORD}{{32}}", "https://doc.rust-lang.org/cargo/reference/publishing.html"),
    ("nuget-key", "oy2", "[a-z0-9]{43}", "https://learn.microsoft.com/en-us/nuget/nuget-org/scoped-api-keys"),
    ("clojars-token", "CLOJARS_", f"{_HEX}{{60}}", "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens"),
    (
        "docker-token",
        "dckr_pat_ dckr_oat_",
        f"{_BASE64URL}{{27,64}}+",
        "https://docs.docker.com/security/access-tokens/",
    ),
    ("jfrog-key", "AKCp", f"{_WORD}{{60,90}}+", "https://jfrog.com/help/r/jfrog-platform-administration-documentation"),
    (
        "jfrog-key",
        "cmVmdGtuOj",
        f"{_WORD}{{40,80}}+",
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/reference-tokens",
    ),
    (
        "buildkite-token",
        "bkua_ bkat_ bkct_",
        f"{_WORD}{{32,64}}+",
        "https://buildkite.com/docs/apis/managing-api-tokens",
    ),
    (
        "circleci-token",
        "CCIPAT_ CCIPRJ_",
        f"{_WORD}{{16,30}}_{_HEX}{{40}}",
        "https://circleci.com/docs/managing-api-tokens/",
    ),
    (
        "sourcegraph-token",
        "sgp_",
        f"(?:{_HEX}{{16}}_|local_)?{_HEX}{{40}}",
        "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token",
    ),
    (
        "sonar-token",
        "sqp_ squ_ sqa_",
        f"{_HEX}{{40}}",
        "https://docs.sonarsource.com/sonarqube-server/user-guide/managing-tokens/",
    ),
    (
        "snyk-token",
        "snyk_uat. snyk_sat.",
        "[A-Za-z0-9_.-]{40,400}+",
        "https://docs.snyk.io/snyk-api/authentication-for-api",
    ),
    ("infracost-key", "ico-", f"{_WORD}{{32}}", "https://www.infracost.io/docs/"),
    # -- models
    ("anthropic-key", "sk-ant-", f"{_BASE64URL}{{32,300}}+", "https://platform.claude.com/docs/en/api/overview"),
    (
        "openai-key",
        "sk-proj- sk-svcacct- sk-admin- sk-None-",
        f"{_BASE64URL}{{32,300}}+",
        "https://platform.openai.com/docs/api-reference/authentication",
    ),
    ("openrouter-key", "sk-or-v1-", f"{_HEX}{{64}}", "https://openrouter.ai/docs/api-reference/authentication"),
    (
        "openai-key",
        "sk-",
        f"{_WORD}{{20}}T3BlbkFJ{_WORD}{{20}}",
        "https://platform.openai.com/docs/api-reference/authentication",
    ),
    ("api-key", "sk-", f"(?=[A-Za-z_-]{{0,40}}\\d){_WORD}{{32,64}}+", "https://api-docs.deepseek.com/"),
    ("huggingface-token", "hf_ api_org_", f"{_WORD}{{30,60}}+", "https://huggingface.co/docs/hub/security-tokens"),
    ("groq-key", "gsk_", f"{_WORD}{{40,80}}+", "https://console.groq.com/docs/quickstart"),
    ("xai-key", "xai-", f"{_WORD}{{70,100}}+", "https://docs.x.ai/docs/overview"),
    ("perplexity-key", "pplx-", f"{_WORD}{{40,64}}+", "https://docs.perplexity.ai/"),
    ("replicate-token", "r8_", f"{_WORD}{{37}}", "https://replicate.com/docs/topics/security/api-tokens"),
    (
        "langsmith-key",
        "lsv2_pt_ lsv2_sk_ ls__",
        f"{_HEX}{{32}}(?:_{_HEX}{{10}})?",
        "https://docs.langchain.com/langsmith/home",
    ),
    (
        "tavily-key",
        "tvly-",
        f"(?:dev-|prod-)?{_BASE64URL}{{24,64}}+",
        "https://docs.tavily.com/documentation/api-reference/introduction",
    ),
    ("fireworks-key", "fw_", f"{_WORD}{{22,40}}+", "https://docs.fireworks.ai/"),
    ("nvidia-key", "nvapi-", f"{_BASE64URL}{{48,100}}+", "https://docs.api.nvidia.com/"),
    ("pinecone-key", "pcsk_", "[A-Za-z0-9_]{50,100}+", "https://docs.pinecone.io/guides/projects/manage-api-keys"),
    ("langfuse-key", "sk-lf-", _UUID, "https://langfuse.com/docs"),
    # -- payments and shops
    (
        "stripe-key",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk_org_",
        f"{_WORD}{{16,250}}+",
        "https://docs.stripe.com/keys",
    ),
    ("stripe-webhook-secret", "whsec_", "[A-Za-z0-9+/]{24,100}+={0,2}", "https://docs.stripe.com/webhooks"),
    (
        "square-token",
        "sq0atp- sq0csp-",
        f"{_BASE64URL}{{22,50}}+",
        "https://developer.squareup.com/docs/build-basics/access-tokens",
    ),
    ("square-token", "EAAA", f"{_BASE64URL}{{60}}", "https://developer.squareup.com/docs/build-basics/access-tokens"),
    (
        "shopify-token",
        "shpat_ shpca_ shppa_ shpss_ shpua_ shptka_",
        f"{_HEX}{{32}}",
        "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens",
    ),
    (
        "flutterwave-key",
        "FLWSECK_TEST- FLWSECK-",
        f"{_WORD}{{12,64}}+(?:-X)?",
        "https://developer.flutterwave.com/docs/authentication",
    ),
    ("easypost-key", "EZAK EZTK", f"{_WORD}{{54}}", "https://docs.easypost.com/docs/authentication"),
    (
        "shippo-token",
        "shippo_live_ shippo_test_",
        f"{_HEX}{{40}}",
        "https://docs.goshippo.com/docs/guides_general/authentication/",
    ),
    (
        "plaid-token",
        "access-production- access-sandbox- access-development-",
        _UUID,
        "https://plaid.com/docs/api/tokens/",
    ),
    # -- messages
    (
        "slack-token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxc- xoxd- xoxe. xoxo- xapp- xwfp-",
        "[A-Za-z0-9.%-]{20,400}+",
        "https://docs.slack.dev/authentication/tokens",
    ),
    ("twilio-key", "SK", "[0-9a-f]{32}", "https://www.twilio.com/docs/iam/api-keys"),
    (
        "sendgrid-key",
        "SG.",
        f"{_BASE64URL}{{16,32}}\\.{_BASE64URL}{{32,64}}+",
        "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
    ),
    (
        "mailgun-key",
        "key- pubkey-",
        "[0-9a-f]{32}",
        "https://documentation.mailgun.com/docs/mailgun/user-manual/api-key-mgmt/",
    ),
    (
        "brevo-key",
        "xkeysib- xsmtpsib-",
        f"{_HEX}{{64}}-{_WORD}{{16}}",
        "https://developers.brevo.com/docs/getting-started",
    ),
    (
        "resend-key",
        "re_",
        "(?=[A-Za-z0-9]{0,20}\\d)[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30}+",
        "https://resend.com/docs/api-reference/introduction",
    ),
    (
        "postmark-token",
        "PMAK- PMAT-",
        f"{_WORD}{{24,30}}(?:-{_HEX}{{34}})?",
        "https://learning.postman.com/docs/developer/postman-api/authentication/",
    ),
    (
        "typeform-token",
        "tfp_",
        f"{_BASE64URL}{{40,64}}+",
        "https://www.typeform.com/developers/get-started/personal-access-token/",
    ),
    # -- work
    ("linear-key", "lin_api_ lin_oauth_", f"{_WORD}{{32,64}}+", "https://linear.app/developers/graphql"),
    ("notion-token", "ntn_", f"{_WORD}{{40,60}}+", "https://developers.notion.com/docs/authorization"),
    ("notion-token", "secret_", f"{_WORD}{{43}}", "https://developers.notion.com/docs/authorization"),
    (
        "figma-token",
        "figd_ figo_ figu_",
        f"{_BASE64URL}{{38,64}}+",
        "https://www.figma.com/developers/api#access-tokens",
    ),
    (
        "airtable-token",
        "pat",
        f"{_WORD}{{14}}\\.{_HEX}{{64}}",
        "https://airtable.com/developers/web/guides/personal-access-tokens",
    ),
    (
        "contentful-token",
        "CFPAT-",
        f"{_BASE64URL}{{43}}",
        "https://www.contentful.com/developers/docs/references/authentication/",
    ),
    ("readme-key", "rdme_", "[a-z0-9]{60,80}+", "https://docs.readme.com/main/reference/authentication"),
    (
        "hubspot-token",
        "pat-na1- pat-eu1- pat-na2-",
        _UUID,
        "https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview",
    ),
    # -- operations
    (
        "vault-token",
        "hvs. hvb. hvr.",
        f"{_BASE64URL}{{24,300}}+",
        "https://developer.hashicorp.com/vault/docs/concepts/tokens",
    ),
    (
        "grafana-token",
        "glsa_",
        f"{_WORD}{{32}}_{_HEX}{{8}}",
        "https://grafana.com/docs/grafana/latest/administration/service-accounts/",
    ),
    (
        "grafana-token",
        "glc_",
        "[A-Za-z0-9+/]{32,400}+={0,3}",
        "https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/",
    ),
    (
        "newrelic-key",
        "NRAK- NRAA- NRRA- NRSP- NRIQ- NRJS-",
        "[A-Za-z0-9-]{19,64}+",
        "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
    ),
    ("sentry-token", "sntrys_", "eyJ[A-Za-z0-9+/=_-]{40,600}+", "https://docs.sentry.io/account/auth-tokens/"),
    ("sentry-token", "sntryu_ sntrya_ sntryi_", f"{_HEX}{{64}}", "https://docs.sentry.io/account/auth-tokens/"),
    (
        "dynatrace-token",
        "dt0c01. dt0s01. dt0s02. dt0s08. dt0s16.",
        "[A-Z0-9]{8,24}\\.[A-Z0-9]{64}",
        "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens",
    ),
    (
        "pulumi-token",
        "pul-",
        f"{_HEX}{{40}}",
        "https://www.pulumi.com/docs/administration/access-identity/access-tokens/",
    ),
    (
        "doppler-token",
        "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.",
        "[A-Za-z0-9_.-]{40,100}+",
        "https://docs.doppler.com/reference/auth-token-formats",
    ),
    (
        "onepassword-token",
        "ops_eyJ",
        "[A-Za-z0-9+/=_-]{200,2000}+",
        "https://developer.1password.com/docs/service-accounts/",
    ),
    (
        "onepassword-secret-key",
        "A3-",
        "[A-Z0-9]{6}-[A-Z0-9]{6,11}(?:-[A-Z0-9]{5}){3,4}",
        "https://support.1password.com/secret-key-security/",
    ),
    ("age-secret-key", "AGE-SECRET-KEY-1", "[0-9A-Z]{58}", "https://github.com/C2SP/C2SP/blob/main/age.md"),
    (
        "tailscale-key",
        "tskey-auth- tskey-api- tskey-client- tskey-scim- tskey-webhook-",
        "[A-Za-z0-9-]{20,80}+",
        "https://tailscale.com/kb/1085/auth-keys",
    ),
    ("prefect-key", "pnu_ pnb_", f"{_WORD}{{36}}", "https://docs.prefect.io/"),
    ("posthog-key", "phx_ phs_", f"{_WORD}{{40,60}}+", "https://posthog.com/docs/api"),
    ("launchdarkly-key", "api- sdk-", _UUID, "https://launchdarkly.com/docs/home/account/api"),
    (
        "harness-token",
        "pat. sat.",
        f"{_BASE64URL}{{22}}\\.{_HEX}{{24}}\\.{_WORD}{{20}}",
        "https://developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys/",
    ),
    ("adobe-key", "p8e-", "[a-z0-9]{32}", "https://developer.adobe.com/developer-console/docs/guides/authentication/"),
    # -- of any issuer
    (
        "jwt",
        "eyJ",
        "[A-Za-z0-9_-]{12,8192}+(?:\\.[A-Za-z0-9_-]{0,16384}+){2,4}",
        "https://www.rfc-editor.org/rfc/rfc7519",
    ),
    (
        "private-key",
        "LS0tLS1CRUdJTi",
        "(?:[A-Za-z0-9+/]{60,20000}+)={0,2}",
        "https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/",
    ),
)
"""(kind, beginnings, what follows one of them, where that is documented)."""

# -- what has no beginning of its own but a form --------------------------------------------------

DISCORD = r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}+"
"""A bot's id in base64, a time, a signature. https://discord.com/developers/docs/reference"""

TELEGRAM = r"(?<![0-9])[0-9]{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"
"""A bot's number and its secret. https://core.telegram.org/bots/api#authorizing-your-bot"""

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
        "sentry-dsn",
        r"([0-9a-f]{32}(?::[0-9a-f]{32})?)@(?:o\d{1,12}\.)?(?:ingest\.)?(?:[a-z]{2}\.)?sentry\.io/",
        "https://docs.sentry.io/concepts/key-terms/dsn-explainer/",
    ),
)

# -- names ----------------------------------------------------------------------------------------

STEMS = ("pass", "pwd", "secret", "token", "key", "auth", "cred")
"""One of these is in every name that a secret is assigned to."""

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
