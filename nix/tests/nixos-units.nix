# `nix flake check`: the modules in the real module system of NixOS, as far as the units they make. Needs nixpkgs.
{ self, nixpkgs, pkgs }:
let
  host = nixpkgs.lib.nixosSystem {
    modules = [
      self.nixosModules.default
      {
        nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
        boot.isContainer = true;
        system.stateVersion = "25.11";
        services.nixfleet-agent = {
          enable = true;
          url = "https://fleet.example.com";
          tokenFile = "/run/secrets/nixfleet-token";
          configRepo = "https://git.example.com/fleet.git";
          user = "admin";
        };
        services.nixfleet = {
          enable = true;
          passwordHashFile = "/run/secrets/password-hash";
          sessionSecretsFile = "/run/secrets/session-secrets";
          agentTokenHashSecretFile = "/run/secrets/agent-token-hash-secret";
          apiTokenFile = "/run/secrets/api-token";
          targets.fleet.url = "https://git.example.com/fleet.git";
        };
      }
    ];
  };
  unit = name: host.config.systemd.units."${name}.service".unit;
in
{
  agent-unit = unit "nixfleet-agent";
  control-unit = unit "nixfleet";
}
