# The configuration of the sample fleet. It needs no nixpkgs and no network: every output is a plain derivation, so that a
# deployment of it is real Nix from evaluation to activation and takes seconds.
{
  description = "The sample fleet of NixFleet";

  outputs = { self }:
    let
      package = import ./lib/package.nix (builtins.fromJSON (builtins.readFile ./fleet.json));
      nixos = import ./lib/nixos.nix { inherit package; };
      home = import ./lib/home.nix { inherit package; };
    in
    {
      nixosConfigurations = {
        web1 = nixos "web1" ./hosts/web1;
        db1 = nixos "db1" ./hosts/db1;
      };
      homeConfigurations."demo@laptop" = home "demo@laptop" ./hosts/laptop;
    };
}
