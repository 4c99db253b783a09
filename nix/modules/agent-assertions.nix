# What is refused while the configuration is evaluated, rather than on the host.
{ lib, cfg }:
let
  isSafe = lib.hasPrefix "https://" cfg.url
    || builtins.match "http://(localhost|127\\.[0-9.]+|\\[::1])(:[0-9]+)?(/.*)?" cfg.url != null
    || (cfg.extraSettings.allowInsecureHttp or false);
in
[
  {
    assertion = isSafe;
    message = "services.nixfleet-agent.url must be https://… (http only to this machine itself, or with extraSettings.allowInsecureHttp).";
  }
  {
    assertion = !lib.hasPrefix builtins.storeDir (toString cfg.tokenFile);
    message = "services.nixfleet-agent.tokenFile lies in the Nix store, which everybody can read. Name a path outside of it as a string.";
  }
]
