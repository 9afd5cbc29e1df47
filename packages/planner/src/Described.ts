import type { Draw } from "@sluice/core/Claim"
import type { Provider } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import type { HttpClientRequest } from "effect/http"

/** What a plan needs of a provider: any provider is one. */
export interface Described extends Pick<Provider<RateLimited>, "authorization" | "decode" | "id" | "quotas"> {
  /** Takes quotas by the names of the provider's own. */
  readonly classify: (request: HttpClientRequest.HttpClientRequest, quotas: never) => ReadonlyArray<Draw>
}
