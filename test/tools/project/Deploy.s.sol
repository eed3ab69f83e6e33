// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Token} from "./Token.sol";

/// The part of Foundry's cheat codes that a script needs.
interface Vm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Deploys a token and sends some of it, as `forge script` does it.
contract Deploy {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run(address to) external {
        vm.startBroadcast();
        Token token = new Token(1000 ether);
        token.transfer(to, 42 ether);
        vm.stopBroadcast();
    }
}
