interface ProxyCase {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** Host and port of the proxy; undefined: straight. */
  readonly expected: string | undefined;
}

const SERVER = "https://mlflow.example.com";
const ADDRESS = "http://10.1.2.3:5000";
const P = "one.proxy.test:1";
const Q = "two.proxy.test:2";

function except(url: string, no_proxy: string, expected?: string): ProxyCase {
  return { url, env: { HTTP_PROXY: P, HTTPS_PROXY: P, NO_PROXY: no_proxy }, expected };
}

/** Which proxy MLflow's own client takes: held against the real one in test/integration. */
export const PROXY_CASES: readonly ProxyCase[] = [
  { url: SERVER, env: {}, expected: undefined },
  { url: SERVER, env: { HTTPS_PROXY: P }, expected: P },
  { url: SERVER, env: { https_proxy: `http://${P}` }, expected: P },
  { url: SERVER, env: { Https_Proxy: `http://ada:pw@${P}/` }, expected: P },
  { url: SERVER, env: { HTTP_PROXY: P }, expected: undefined },
  { url: ADDRESS, env: { HTTP_PROXY: P, HTTPS_PROXY: Q }, expected: P },
  { url: SERVER, env: { HTTPS_PROXY: P, https_proxy: Q }, expected: Q },
  { url: SERVER, env: { HTTPS_PROXY: P, https_proxy: "" }, expected: undefined },
  { url: SERVER, env: { HTTPS_PROXY: "" }, expected: undefined },
  { url: SERVER, env: { ALL_PROXY: P }, expected: P },
  { url: ADDRESS, env: { all_proxy: P, http_proxy: Q }, expected: Q },
  { url: SERVER, env: { HTTPS_PROXY: P, https_proxy: "", ALL_PROXY: Q }, expected: Q },
  { url: ADDRESS, env: { HTTP_PROXY: P, REQUEST_METHOD: "GET" }, expected: undefined },
  { url: ADDRESS, env: { http_proxy: P, REQUEST_METHOD: "GET" }, expected: P },
  // This machine is no exception by itself.
  { url: "http://127.0.0.1:5000", env: { HTTP_PROXY: P }, expected: P },
  { url: "http://localhost:5000", env: { HTTP_PROXY: P }, expected: P },
  except("http://localhost:5000", "localhost"),
  except("http://127.0.0.1:5000", "localhost", P),
  except("http://127.0.0.1:5000", "127.0.0.1"),
  except(SERVER, "*"),
  except(SERVER, "*, other", P),
  except(SERVER, "*.example.com", P),
  except(SERVER, "example.com"),
  except(SERVER, ".example.com"),
  except(SERVER, "mlflow.example.com"),
  except(SERVER, "EXAMPLE.com"),
  except(SERVER, "ample.com", P),
  except(SERVER, "flow.example.com", P),
  except(SERVER, "example.com.org", P),
  except(SERVER, "other.org , example.com"),
  except(SERVER, ",, ,", P),
  except("https://mlflow.example.com:8443", "mlflow.example.com:8443"),
  except("https://mlflow.example.com:8443", "example.com:8443"),
  except("https://mlflow.example.com:8443", "mlflow.example.com"),
  except("https://mlflow.example.com:8443", "mlflow.example.com:9", P),
  except(ADDRESS, "10.1.2.3"),
  except(ADDRESS, "10.1.2.3:5000", P),
  except(ADDRESS, "10.0.0.0/8"),
  except(ADDRESS, "10.1.2.0/24"),
  except(ADDRESS, "10.1.3.0/24", P),
  except(ADDRESS, "10.1.2.3/32"),
  except(ADDRESS, "10.1.2.0/0", P),
  except(ADDRESS, "10.1.2.0/33", P),
  except(ADDRESS, "10.1.2.0/x", P),
  except(ADDRESS, "3", undefined),
  except(ADDRESS, "1.2.3"),
  except("http://[::1]:5000", "::1"),
  except("http://[::1]:5000", "127.0.0.1", P),
  { url: SERVER, env: { HTTPS_PROXY: P, NO_PROXY: "example.com", no_proxy: "other" }, expected: P },
  {
    url: SERVER,
    env: { HTTPS_PROXY: P, NO_PROXY: "example.com", no_proxy: "" },
    expected: undefined,
  },
  { url: SERVER, env: { HTTPS_PROXY: P, NO_PROXY: "*", no_proxy: "" }, expected: P },
];
