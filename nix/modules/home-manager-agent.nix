# Home Manager: the agent as the user's own service, on Linux by systemd and on macOS by launchd.
self:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.nixfleet-agent;
  inherit (pkgs.stdenv) hostPlatform;
  settings = import ./agent-settings.nix { inherit lib cfg; platform = "home-manager"; }
    // { stateDir = cfg.extraSettings.stateDir or "${config.xdg.stateHome}/nixfleet-agent"; };
  # The same path in every generation, see below.
  configFile = "${config.xdg.configHome}/nixfleet/agent.toml";
  program = "${config.home.profileDirectory}/bin/nixfleet-agent";
  environment = {
    NIXFLEET_TOKEN_FILE = toString cfg.tokenFile;
    NIXFLEET_AGENT_CONFIG = configFile;
    PATH = lib.concatStringsSep ":" (
      [ "${config.home.profileDirectory}/bin" "/nix/var/nix/profiles/default/bin" "/run/current-system/sw/bin" ]
      ++ [ "/usr/local/bin" "/usr/bin" "/bin" "/usr/sbin" "/sbin" ]
    );
  };
in
{
  options.services.nixfleet-agent = import ./agent-options.nix {
    inherit lib;
    defaultPackage = self.packages.${hostPlatform.system}.nixfleet-agent;
  };

  config = lib.mkIf cfg.enable (lib.mkMerge [
    {
      assertions = import ./agent-assertions.nix { inherit lib cfg; };
      home.packages = [ cfg.package ];
      xdg.configFile."nixfleet/agent.toml".source = (pkgs.formats.toml { }).generate "nixfleet-agent.toml" settings;
    }

    (lib.mkIf hostPlatform.isLinux {
      systemd.user.services.nixfleet-agent = {
        Unit = {
          Description = "NixFleet agent";
          StartLimitIntervalSec = 0;
          # Activation leaves the agent alone, for the reason given in nixos-agent.nix; sd-switch reads the second.
          X-RestartIfChanged = false;
          X-SwitchMethod = "keep-old";
        };
        Service = {
          ExecStart = program;
          Environment = lib.mapAttrsToList (name: value: "${name}=${value}") environment;
          Restart = "always";
          RestartSec = 3;
          TimeoutStopSec = 10;
          UMask = "0077";
          NoNewPrivileges = true;
        };
        Install.WantedBy = [ "default.target" ];
      };
    })

    (lib.mkIf hostPlatform.isDarwin {
      launchd.agents.nixfleet-agent = {
        enable = true;
        # Every word of this is the same in every generation: Home Manager boots a job out when its plist changes, and two
        # such reloads in a row can leave a label dead. A newer agent comes by the verb `restart` (kickstart -k) instead.
        config = {
          Label = "com.nixfleet.agent";
          # At login the volume of the store may not be mounted yet.
          ProgramArguments = [ "/bin/sh" "-c" "/bin/wait4path ${program} && exec ${program}" ];
          EnvironmentVariables = environment;
          RunAtLoad = true;
          KeepAlive = true;
          ThrottleInterval = 3;
          ProcessType = "Background";
          # /tmp is emptied at boot, when the log matters most.
          StandardOutPath = "${config.home.homeDirectory}/Library/Logs/nixfleet-agent.log";
          StandardErrorPath = "${config.home.homeDirectory}/Library/Logs/nixfleet-agent.log";
        };
      };
    })
  ]);
}
