// A pull mirror of Docker Hub as people write it for Workers: one realm of its own, library/ by a redirect, fetch() for the rest.
// It is compared with, not used: what it lacks is left as it is usually found.
const HUB = "https://registry-1.docker.io";

const ownChallenge = (url) =>
  new Response(JSON.stringify({ message: "UNAUTHORIZED" }), {
    status: 401,
    headers: {
      "content-type": "application/json",
      "www-authenticate": `Bearer realm="https://${url.host}/auth/token",service="mirror-worker"`,
    },
  });

const authorized = (request) => {
  const value = request.headers.get("authorization");
  return value ? { authorization: value } : {};
};

async function token(request, url) {
  const refused = await fetch(`${HUB}/v2/`);
  if (refused.status !== 401) return refused;
  const challenge = refused.headers.get("www-authenticate") ?? "";
  const { realm, service } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((found) => found.slice(1)));
  const target = new URL(realm);
  if (service) target.searchParams.set("service", service);
  const scope = url.searchParams.get("scope")?.split(":");
  if (scope?.length === 3 && !scope[1].includes("/")) scope[1] = `library/${scope[1]}`;
  if (scope) target.searchParams.set("scope", scope.join(":"));
  return fetch(target, { headers: authorized(request) });
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/auth/token") return token(request, url);
    const parts = url.pathname.split("/");
    if (parts.length === 5) { // /v2/NAME/manifests/TAG
      url.pathname = ["", "v2", "library", ...parts.slice(2)].join("/");
      return Response.redirect(url, 301);
    }
    const headers = url.pathname === "/v2/" ? authorized(request) : request.headers;
    const answer = await fetch(HUB + url.pathname, { method: request.method, headers, redirect: "follow" });
    return answer.status === 401 ? ownChallenge(url) : answer;
  },
};
