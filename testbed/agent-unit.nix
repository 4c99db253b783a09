# The agent's unit and configuration as the NixOS module writes them, with what a machine has in the places of packages.
{ options, program }:
let
  lib = import ../nix/tests/lib.nix;
  system = builtins.currentSystem;
  config = lib.evalModule {
    module = import ../nix/modules/nixos-agent.nix { packages.${system}.nixfleet-agent = null; };
    args.pkgs = {
      stdenv.hostPlatform = { inherit system; };
      formats.toml = _: { generate = _: settings: { inherit settings; }; };
      gitMinimal = "/usr";
      openssh = "/usr";
    };
    base = {
      nix.package = "/usr";
      systemd.package = "/usr";
    };
    user.services.nixfleet-agent = builtins.fromJSON options // {
      enable = true;
      package = {
        outPath = program;
        meta.mainProgram = "nixfleet-agent";
      };
    };
  };
in
{
  unit = config.systemd.services.nixfleet-agent;
  inherit (config.environment.etc."nixfleet/agent.toml".source) settings;
}
