// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// What the network knows about its training, for contracts to act on: rounds, proofs, trainers, stakes, the model. Nobody can write here
/// but the protocol, which sets the slots at the start of a block, as EIP-4788 does with the consensus root. Facts are those after the
/// consensus part of the present block; a round appears once it is settled, and stays for RING rounds.
///
/// It lives at 0x000000000000000000000000504f4c2076696577 from the first block on.
contract Training {
    enum Outcome {
        None,
        Accepted,
        Rejected,
        Void
    }

    struct Round {
        uint64 number;
        /// Height of the block that settled it.
        uint64 settledAt;
        uint32 proofs;
        uint32 accepted;
        /// Tokens trained in accepted proofs.
        uint64 tokens;
        /// The settled model after it.
        bytes32 modelRoot;
        /// Wei minted to trainers.
        uint256 minted;
    }

    struct Proof {
        address trainer;
        /// Accepted: verified by a quorum of the authorities, and merged into the model.
        Outcome outcome;
        uint32 segments;
        uint48 tokens;
        uint256 reward;
        bytes32 updateHash;
    }

    struct Trainer {
        address account;
        uint32 accepted;
        uint32 rejected;
        /// Millionths.
        uint32 reputation;
        /// Wei.
        uint256 earned;
    }

    struct Staked {
        address account;
        uint32 offences;
        /// The round from whose end on what is unbonding can be paid; 0 when nothing is.
        uint64 unbondsAt;
        /// Wei.
        uint256 bonded;
        uint256 unbonding;
    }

    uint256 public constant RING = 8192;

    // The layout is written by src/chain/training-writes.ts.
    uint64 private openNumber; // slot 0
    uint64 private openSealsAt; // slot 0
    uint64 private settledCount; // slot 0
    uint32 private trainers_; // slot 0
    uint32 private stakes_; // slot 0
    bytes32 public modelRoot; // slot 1: of the settled model
    uint256 public minted; // slot 2: wei, since genesis
    uint256 public burned; // slot 3: wei, since genesis
    uint256 public largestReward; // slot 4: wei, of the last round that had any
    mapping(uint256 => Round) private rounds; // slot 5, by number modulo RING
    mapping(uint256 => Proof) private proofs; // slot 6, by (number modulo RING) << 32 | place
    mapping(uint256 => Trainer) private trainers; // slot 7, by place
    mapping(uint256 => Staked) private stakes; // slot 8, by place

    error RoundUnknown(uint256 number);
    error ProofUnknown(uint256 number, address trainer);

    /// The round that is being trained.
    function openRound() external view returns (uint64 number, uint64 sealsAt) {
        return (openNumber, openSealsAt);
    }

    /// How many rounds are settled: the last one is one less.
    function settledRounds() external view returns (uint64) {
        return settledCount;
    }

    /// A settled round of the last RING.
    function round(uint256 number) public view returns (Round memory found) {
        if (number >= settledCount || number + RING < settledCount) revert RoundUnknown(number);
        return rounds[number % RING];
    }

    /// The place-th proof of a settled round, ascending by trainer.
    function proofAt(uint256 number, uint256 place) public view returns (Proof memory) {
        if (place >= round(number).proofs) revert ProofUnknown(number, address(0));
        return proofs[((number % RING) << 32) | place];
    }

    /// A trainer's proof of a settled round.
    function proof(uint256 number, address trainer_) external view returns (Proof memory) {
        uint256 start = (number % RING) << 32;
        (uint256 low, uint256 high) = (0, round(number).proofs);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            address found = proofs[start | middle].trainer;
            if (found == trainer_) return proofs[start | middle];
            if (found < trainer_) low = middle + 1;
            else high = middle;
        }
        revert ProofUnknown(number, trainer_);
    }

    function trainerCount() external view returns (uint32) {
        return trainers_;
    }

    /// The place-th trainer, ascending by account.
    function trainerAt(uint256 place) external view returns (Trainer memory found) {
        if (place < trainers_) return trainers[place];
    }

    /// What is known of a trainer; nothing when it has never had a place in a round.
    function trainer(address account) external view returns (Trainer memory found) {
        (uint256 low, uint256 high) = (0, trainers_);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            address seen = trainers[middle].account;
            if (seen == account) return trainers[middle];
            if (seen < account) low = middle + 1;
            else high = middle;
        }
    }

    /// An account's stake; nothing when it has none.
    function stakeOf(address account) external view returns (Staked memory found) {
        (uint256 low, uint256 high) = (0, stakes_);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            address seen = stakes[middle].account;
            if (seen == account) return stakes[middle];
            if (seen < account) low = middle + 1;
            else high = middle;
        }
    }
}
