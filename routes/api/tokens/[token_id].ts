// DELETE /api/tokens/{token_id}: it is worth nothing from then on, nor is what stands for it.
import { api } from "@/lib/http/api.ts";

export const handler = api("/api/tokens/{token_id}", {
  DELETE: async ({ principal, params: { token_id }, state: { holdfast } }) => {
    await holdfast.accounts.revokeToken(principal, token_id);
    return new Response(null, { status: 204 });
  },
});
