# nix-darwin: the agent as a system daemon, which deploys the whole Mac.
self:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.nixfleet-agent;
  settings = import ./agent-settings.nix { inherit lib cfg; platform = "nix-darwin"; }
    // lib.optionalAttrs (cfg.user != null) { inherit (cfg) user; };
  program = "/run/current-system/sw/bin/nixfleet-agent";
in
{
  options.services.nixfleet-agent =
    import ./agent-options.nix {
      inherit lib;
      defaultPackage = self.packages.${pkgs.stdenv.hostPlatform.system}.nixfleet-agent;
    }
    // {
      user = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        description = "Whose part of the activation runs as a user (nix-darwin before 2025). The agent itself runs as root.";
      };
    };

  config = lib.mkIf cfg.enable {
    assertions = import ./agent-assertions.nix { inherit lib cfg; };
    environment.systemPackages = [ cfg.package ];
    environment.etc."nixfleet/agent.toml".source = (pkgs.formats.toml { }).generate "nixfleet-agent.toml" settings;

    # Every word of this is the same in every generation, so that activation never boots the job out; see
    # home-manager-agent.nix.
    launchd.daemons.nixfleet-agent.serviceConfig = {
      Label = "com.nixfleet.agent";
      # At boot the volume of the store may not be mounted yet.
      ProgramArguments = [ "/bin/sh" "-c" "/bin/wait4path ${program} && exec ${program}" ];
      EnvironmentVariables = {
        NIXFLEET_TOKEN_FILE = toString cfg.tokenFile;
        NIXFLEET_AGENT_CONFIG = "/etc/nixfleet/agent.toml";
        PATH = "/run/current-system/sw/bin:/nix/var/nix/profiles/default/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
      };
      RunAtLoad = true;
      KeepAlive = true;
      ThrottleInterval = 3;
      ProcessType = "Background";
      Umask = 63; # 0077
      StandardOutPath = "/var/log/nixfleet-agent.log";
      StandardErrorPath = "/var/log/nixfleet-agent.log";
    };
  };
}
