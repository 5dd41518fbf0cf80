"""What tokens look like: payments, messages, work, operations. `rules` tells what a row holds.

Data only, and strings: the process of a hook imports this.
"""

from __future__ import annotations

# What may follow a token's beginning; the boundary behind is added by whoever compiles it.
_WORD = "[A-Za-z0-9]"
_BASE64URL = "[A-Za-z0-9_-]"
_HEX = "[0-9a-fA-F]"
_UUID = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"

SERVICES: tuple[tuple[str, str, str, str], ...] = (
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
    (
        "facebook-token",
        "EAA",
        f"(?=[A-Za-z]{{0,60}}\\d){_WORD}{{70,500}}+",
        "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/",
    ),
    # -- work
    ("clickup-token", "pk_", "\\d{5,12}_[A-Z0-9]{32}", "https://developer.clickup.com/docs/authentication"),
    (
        "dropbox-token",
        "sl.",
        "(?:[ub]\\.)?[A-Za-z0-9_-]{100,400}+",
        "https://www.dropbox.com/developers/documentation/http/documentation",
    ),
    (
        "mapbox-token",
        "sk.eyJ1Ijoi",
        "[A-Za-z0-9_-]{30,200}\\.[A-Za-z0-9_-]{20,40}+",
        "https://docs.mapbox.com/help/dive-deeper/access-tokens/",
    ),
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
)
