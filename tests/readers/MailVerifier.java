import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.jdkim.exceptions.FailException;
import org.apache.james.jdkim.exceptions.PermFailException;

/** Verifies DKIM signatures by jDKIM: a line has the name and the text of the key's DNS record and a mail, in base64. */
final class MailVerifier {
    public static void main(String[] arguments) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split(" ");
            String name = new String(decoded(parts[0]), StandardCharsets.US_ASCII);
            String record = new String(decoded(parts[1]), StandardCharsets.US_ASCII);
            System.out.println(verdict(name, record, decoded(parts[2])));
            System.out.flush();
        }
    }

    private static String verdict(String name, String record, byte[] mail) throws IOException {
        var verifier = new DKIMVerifier((method, selector, domain) -> {
            if (!name.equals(selector + "._domainkey." + domain)) {
                throw new PermFailException("no record of " + selector + " at " + domain);
            }
            return List.of(record);
        });
        try {
            var signatures = verifier.verify(new ByteArrayInputStream(mail));
            return signatures == null || signatures.isEmpty() ? "unsigned" : "valid";
        } catch (FailException refused) {
            return "refused: " + refused.getMessage().replace('\n', ' ').replace('\r', ' ');
        }
    }

    private static byte[] decoded(String text) {
        return Base64.getDecoder().decode(text);
    }
}
