{
  description = "One control plane for everything that runs Nix";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      eachSystem = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});

      # A module that knows its packages; `key` lets it be imported twice.
      module = file: {
        _file = file;
        key = toString file;
        imports = [ (import file self) ];
      };
      agentModules = file: rec {
        nixfleet-agent = module file;
        default = nixfleet-agent;
      };
    in
    {
      packages = eachSystem (pkgs: import ./nix/packages { inherit pkgs; src = ./.; });

      nixosModules = {
        nixfleet-agent = module ./nix/modules/nixos-agent.nix;
        nixfleet = module ./nix/modules/nixos-control.nix;
        default.imports = [ self.nixosModules.nixfleet-agent self.nixosModules.nixfleet ];
      };
      homeManagerModules = agentModules ./nix/modules/home-manager-agent.nix;
      homeModules = self.homeManagerModules;
      darwinModules = agentModules ./nix/modules/darwin-agent.nix;

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            (pkgs.nodejs_26 or pkgs.nodejs_24 or pkgs.nodejs)
            pkgs.gitMinimal
            pkgs.nix
            pkgs.openssl
          ];
        };
      });

      checks = eachSystem (
        pkgs:
        { inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) nixfleet nixfleet-agent nixfleet-control; }
        // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux (
          import ./nix/tests/nixos-units.nix { inherit self nixpkgs pkgs; }
        )
      );
    };
}
