// placeholder
export const openApiDocument = (): Promise<object> => Promise.resolve({});
