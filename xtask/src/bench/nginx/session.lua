-- The session check of the gate, written for nginx as well as it can be:
-- HMAC in OpenSSL with the key set up once, base64url and JSON in C, comparison in constant time.
-- Verdicts are not kept: every request is checked.
local ffi = require "ffi"
local base64 = require "ngx.base64"
local json = require "cjson.safe"

ffi.cdef [[
typedef struct hmac_ctx_st HMAC_CTX;
typedef struct evp_md_st EVP_MD;
const EVP_MD *EVP_sha256(void);
HMAC_CTX *HMAC_CTX_new(void);
int HMAC_Init_ex(HMAC_CTX *ctx, const void *key, int len, const EVP_MD *md, void *engine);
int HMAC_Update(HMAC_CTX *ctx, const unsigned char *data, size_t len);
int HMAC_Final(HMAC_CTX *ctx, unsigned char *md, unsigned int *len);
int CRYPTO_memcmp(const void *a, const void *b, size_t len);
]]

local crypto = ffi.load "libcrypto.so.3"
local decode = base64.decode_base64url
local find, sub = string.find, string.sub

local ISSUER, AUDIENCE = "reelgate-gate", "reelgate-session"
local LONGEST_TOKEN = 8192
local LIFETIME = 21600 + 60
local DIGEST = 32

local keyed = crypto.HMAC_CTX_new()
local digest = ffi.new "unsigned char[32]"

local function set_secret(secret)
    assert(crypto.HMAC_Init_ex(keyed, secret, #secret, crypto.EVP_sha256(), nil) == 1)
end

local function signature_matches(signed, signature)
    if #signature ~= DIGEST then
        return false
    end
    crypto.HMAC_Init_ex(keyed, nil, 0, nil, nil)
    crypto.HMAC_Update(keyed, signed, #signed)
    crypto.HMAC_Final(keyed, digest, nil)
    return crypto.CRYPTO_memcmp(digest, signature, DIGEST) == 0
end

-- The game that the token opens is `game`, or the reason why not.
local function refusal(token, game)
    if not token then
        return "no_credential"
    end
    if #token > LONGEST_TOKEN then
        return "token_malformed"
    end
    local first = find(token, ".", 1, true)
    local second = first and find(token, ".", first + 1, true)
    if not second or find(token, ".", second + 1, true) then
        return "token_malformed"
    end
    local header = json.decode(decode(sub(token, 1, first - 1)) or "")
    if type(header) ~= "table" or header.crit then
        return "token_malformed"
    end
    if header.alg ~= "HS256" then
        return "token_algorithm"
    end
    local signature = decode(sub(token, second + 1))
    if not signature or not signature_matches(sub(token, 1, second - 1), signature) then
        return "token_signature"
    end
    local claims = json.decode(decode(sub(token, first + 1, second - 1)) or "")
    if type(claims) ~= "table" then
        return "token_malformed"
    end
    local now = ngx.time()
    if type(claims.exp) ~= "number" or type(claims.iat) ~= "number" or type(claims.sid) ~= "string" then
        return "token_claims"
    end
    if now >= claims.exp then
        return "token_expired"
    end
    if claims.exp > now + LIFETIME then
        return "token_lifetime"
    end
    if claims.iat > now + 60 then
        return "token_not_yet_valid"
    end
    if claims.iss ~= ISSUER then
        return "token_issuer"
    end
    if claims.aud ~= AUDIENCE then
        return "token_audience"
    end
    if claims.gid ~= game then
        return "wrong_game"
    end
end

local GAMES = #"/games/"

-- Runs in the access phase: lets the request through, or answers 403.
local function guard()
    local uri = ngx.var.uri
    local slash = find(uri, "/", GAMES + 1, true)
    local game = slash and sub(uri, GAMES + 1, slash - 1)
    local reason = refusal(ngx.var.cookie_reelgate_session, game)
    if not reason then
        return
    end
    ngx.var.reason = reason
    ngx.status = 403
    ngx.header.content_type = "text/plain"
    ngx.header.content_length = 9
    ngx.print("Forbidden")
    return ngx.exit(403)
end

return { set_secret = set_secret, guard = guard }
