# The agent's configuration file as these options describe it. The token is not in it: the file is readable to all.
{ lib, cfg, platform }:
lib.filterAttrs (_: value: value != null) (
  {
    inherit (cfg) url location deviceType themeColor requireTests;
    inherit platform;
    repository = cfg.configRepo;
    intervalMs = cfg.interval * 1000;
    confirmMs = cfg.confirmWindow * 1000;
    trustedSigners = if cfg.trustedSigners == null then null else "${cfg.trustedSigners}";
  }
  // cfg.extraSettings
)
