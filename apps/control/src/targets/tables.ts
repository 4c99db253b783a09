// The tables of targets and their recent commits, as rows.

export type TargetTables = {
  targets: {
    id: string;
    name: string;
    url: string;
    branch: string;
    head: string | null;
    fetched_at: number | null;
    error: string | null;
    created_at: number;
  };
  commits: {
    target_id: string;
    commit: string;
    /** 0 is the branch's newest. */
    position: number;
    subject: string;
    author: string;
    at: number;
    signature: string;
    signer: string | null;
  };
};
