// The API's description as the control plane itself gives it.
import { openApiDocument } from '../../apps/control/src/http/openapi.ts';

export const openapi = async (): Promise<string> => `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
