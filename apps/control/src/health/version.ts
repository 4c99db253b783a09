// The version this control plane reports.
export const VERSION = '0.1.0';
