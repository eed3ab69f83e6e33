// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// Stakes go in and are asked back here. The contract keeps only what the present block brought: the protocol reads it at the block's end,
/// holds the stakes, and pays them back as withdrawals (EIP-4895). Coins sent here stay here; those paid back are new ones.
///
/// It lives at 0x0000000000000000000000504f4c207374616b65 from the first block on; its first slot is set there.
contract Stake {
    /// Something that an account wants of the protocol. `amount` is wei for a deposit, and gwei for an exit.
    struct Request {
        address account;
        bool isExit;
        uint256 amount;
    }

    // The layout is read by src/contracts/stake-requests.ts.
    uint256 private leastDeposit; // slot 0, wei
    uint64 private requestBlock; // slot 1
    uint64 private requestCount; // slot 1
    mapping(uint256 => Request) private stored; // slot 2

    /// The protocol looks at no more of them in one block.
    uint256 public constant MAX_REQUESTS = 256;

    event Deposited(address indexed account, uint256 amount);
    event ExitRequested(address indexed account, uint64 amountInGwei);

    error DepositTooSmall(uint256 least);
    error NothingAskedBack();
    error BlockFull();

    /// A plain transfer stakes for its sender.
    receive() external payable {
        stake(msg.sender);
    }

    /// Stakes the coins sent for the caller. They count from the next block on.
    function deposit() external payable {
        stake(msg.sender);
    }

    /// Stakes the coins sent for another account, to which they will be paid back.
    function depositFor(address account) external payable {
        stake(account);
    }

    /// Asks a part of the caller's stake back. The protocol gives it once the unbonding time is over; it can be slashed until then. What
    /// is not bonded, or asked while another part is being given back, is not given.
    function requestExit(uint64 amountInGwei) external {
        if (amountInGwei == 0) revert NothingAskedBack();
        add(Request(msg.sender, true, amountInGwei));
        emit ExitRequested(msg.sender, amountInGwei);
    }

    /// The least deposit, in wei.
    function minimumDeposit() external view returns (uint256) {
        return leastDeposit;
    }

    /// What the present block brought so far.
    function requests() external view returns (Request[] memory found) {
        found = new Request[](requestBlock == block.number ? requestCount : 0);
        for (uint256 i = 0; i < found.length; i++) found[i] = stored[i];
    }

    function stake(address account) private {
        if (msg.value < leastDeposit || msg.value == 0) revert DepositTooSmall(leastDeposit);
        add(Request(account, false, msg.value));
        emit Deposited(account, msg.value);
    }

    function add(Request memory request) private {
        uint64 count = requestBlock == block.number ? requestCount : 0;
        if (count == MAX_REQUESTS) revert BlockFull();
        stored[count] = request;
        requestBlock = uint64(block.number);
        requestCount = count + 1;
    }
}
