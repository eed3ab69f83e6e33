// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Training} from "../Training.sol";

/// Pays trainers for what the network verified: so much for each token of an accepted proof, in some rounds, while there are coins.
/// Whoever wants a model trained sooner sends coins here; trainers, or anybody for them, claim.
contract TrainingBounty {
    Training private constant TRAINING = Training(0x000000000000000000000000504f4c2076696577);

    address public immutable sponsor;
    uint256 public immutable firstRound;
    uint256 public immutable lastRound;
    uint256 public immutable weiPerToken;
    /// Rounds after the last one in which claims are still paid before the sponsor may take what is left.
    uint256 public immutable claimRounds;
    mapping(uint256 => mapping(address => bool)) public paid;

    event Paid(uint256 indexed round, address indexed trainer, uint256 amount);

    error NotVerified(uint256 round, address trainer);
    error OutsideRounds(uint256 round);
    error AlreadyPaid(uint256 round, address trainer);
    error NotOver();
    error ForgottenBefore();

    constructor(uint256 first, uint256 last, uint256 price, uint256 rounds) payable {
        // What the view has forgotten nobody can claim.
        if (last - first + rounds >= TRAINING.RING()) revert ForgottenBefore();
        (sponsor, firstRound, lastRound, weiPerToken, claimRounds) = (msg.sender, first, last, price, rounds);
    }

    receive() external payable {}

    /// Pays a trainer for its proof of a round, once, if a quorum of the authorities found it in order.
    function claim(uint256 round, address trainer) external {
        if (round < firstRound || round > lastRound) revert OutsideRounds(round);
        if (paid[round][trainer]) revert AlreadyPaid(round, trainer);
        Training.Proof memory proof = TRAINING.proof(round, trainer);
        if (proof.outcome != Training.Outcome.Accepted) revert NotVerified(round, trainer);
        paid[round][trainer] = true;
        uint256 price = uint256(proof.tokens) * weiPerToken;
        uint256 amount = price < address(this).balance ? price : address(this).balance;
        emit Paid(round, trainer, amount);
        (bool sent, ) = trainer.call{value: amount}("");
        require(sent, "the trainer does not take coins");
    }

    /// Gives the sponsor what is left, once the rounds and the time to claim are over.
    function close() external {
        if (TRAINING.settledRounds() <= lastRound + claimRounds) revert NotOver();
        (bool sent, ) = sponsor.call{value: address(this).balance}("");
        require(sent, "the sponsor does not take coins");
    }
}
