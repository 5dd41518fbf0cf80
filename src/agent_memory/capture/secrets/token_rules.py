"""What tokens look like: clouds, code and packages, models. `rules` tells what a row holds.

Data only, and strings: the process of a hook imports this.
"""

from __future__ import annotations

# What may follow a token's beginning; the boundary behind is added by whoever compiles it.
_WORD = "[A-Za-z0-9]"
_BASE64URL = "[A-Za-z0-9_-]"
_HEX = "[0-9a-fA-F]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"

BUILDING: tuple[tuple[str, str, str, str], ...] = (
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
    # `{"type": "service_account"` in base64, as it stands in settings of builds.
    (
        "google-service-account",
        "eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCI eyJ0eXBlIjoic2VydmljZV9hY2NvdW50 ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCI",
        "[A-Za-z0-9+/]{100,20000}+={0,2}",
        "https://docs.cloud.google.com/iam/docs/keys-create-delete",
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
    ("render-key", "rnd_", f"{_WORD}{{24,40}}+", "https://render.com/docs/api"),
    ("aiven-password", "AVNS_", f"{_BASE64URL}{{17,40}}+", "https://aiven.io/docs/"),
    (
        "docker-swarm-token",
        "SWMTKN-1-",
        "[0-9a-z]{40,60}-[0-9a-z]{20,40}+",
        "https://docs.docker.com/engine/swarm/join-nodes/",
    ),
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
    ("elevenlabs-key", "sk_", f"{_HEX}{{48}}", "https://elevenlabs.io/docs/api-reference/authentication"),
    ("cerebras-key", "csk-", f"{_WORD}{{40,64}}+", "https://inference-docs.cerebras.ai/quickstart"),
    ("llamacloud-key", "llx-", f"{_WORD}{{40,64}}+", "https://docs.cloud.llamaindex.ai/"),
    ("together-key", "tgp_v1_", f"{_BASE64URL}{{40,64}}+", "https://docs.together.ai/docs/quickstart"),
    (
        "voyage-key",
        "pa-",
        f"(?=[A-Za-z_-]{{0,40}}\\d){_BASE64URL}{{43}}",
        "https://docs.voyageai.com/docs/api-key-and-installation",
    ),
    ("apify-token", "apify_api_", f"{_WORD}{{32,48}}+", "https://docs.apify.com/platform/integrations/api"),
    ("e2b-key", "e2b_", f"{_HEX}{{40}}", "https://e2b.dev/docs/api-key"),
    ("langfuse-key", "sk-lf-", _UUID, "https://langfuse.com/docs"),
)
